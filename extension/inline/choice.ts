/** For which documents a person wants inline completions. */
import * as vscode from 'vscode';
import { fitsAny } from '../../daemon/inline/globs.ts';
import { DEFAULT_LINES, EXCLUDED } from '../../daemon/inline/settings.ts';
import { setting } from '../settings.ts';

/** Files of the disk, new ones, and cells of notebooks; not what other extensions show. */
const SCHEMES = new Set(['file', 'untitled', 'vscode-notebook-cell']);

export const isExcluded = (uri: vscode.Uri): boolean => fitsAny(uri.path, setting('inlineExclude', EXCLUDED, uri));

export function maxLinesFor(uri: vscode.Uri): number {
  const lines = setting('inlineMaxLines', DEFAULT_LINES, uri);
  return Number.isInteger(lines) && lines >= 1 ? lines : DEFAULT_LINES;
}

/** Why there are no completions in a document, in a few words; undefined if there are. `invoked`: a person asked for them. */
export function whyNot({ uri, languageId }: vscode.TextDocument, invoked = false): string | undefined {
  if (!vscode.workspace.isTrusted) return 'this workspace is not trusted';
  if (!SCHEMES.has(uri.scheme)) return 'this is not a file';
  if (isExcluded(uri)) return 'a setting excludes this file';
  if (invoked) return undefined;
  if (!setting('inlineEnabled', true, uri)) return 'turned off';
  const languages = setting<Record<string, boolean>>('inlineLanguages', {}, uri);
  return (languages[languageId] ?? languages['*'] ?? true) ? undefined : `turned off for ${languageId}`;
}
