import * as vscode from 'vscode';
import { type RelatedFiles, relatedFiles } from '../../daemon/inline/files.ts';
import { openSources } from '../../daemon/inline/open.ts';
import type { Place } from '../../daemon/inline/place.ts';
import type { Source } from '../../daemon/inline/related.ts';
import { isExcluded } from './choice.ts';

/** Documents that may be like the one of the cursor: open ones, imported ones, and its neighbours. */
export function createSources(): (place: Place, scope: string | undefined) => Promise<Source[]> {
  const files: RelatedFiles = relatedFiles();
  return async ({ uri, languageId, text }, scope) => {
    const here = vscode.Uri.parse(uri);
    const open = openSources(
      vscode.workspace.textDocuments
        .filter((other) => other.uri.scheme === 'file' && other.uri.toString() !== uri && !isExcluded(other.uri))
        .map((other) => ({
          ...{ uri: other.uri.toString(), languageId: other.languageId },
          text: () => other.getText(),
        })),
      languageId,
    );
    if (scope === undefined || here.scheme !== 'file') return open;
    const excluded = (path: string): boolean => isExcluded(vscode.Uri.file(path));
    const others = await files.of(here.fsPath, text, scope, excluded);
    const known = new Set(open.map((source) => vscode.Uri.parse(source.uri).fsPath));
    return [...open, ...others.filter((source) => !known.has(vscode.Uri.parse(source.uri).fsPath))];
  };
}
