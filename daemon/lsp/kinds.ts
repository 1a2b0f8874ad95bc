import { extname } from 'node:path';
import { readers } from '../data/readers/registry.ts';
import type { Shape } from './parse.ts';

/** How the rows of a document are read: by the ending of its name, else by the editor's language. Undefined where it is no dataset. */
export function kindOf(uri: string, languageId: string): Shape | undefined {
  const ending = extname(uri.replace(/[?#].*$/, '')).toLowerCase();
  const language = languageId.toLowerCase();
  const kind =
    readers.find(({ text, extensions }) => text && extensions.includes(ending)) ??
    readers.find(
      ({ text, language: own, otherLanguages = [] }) => text && [own?.id, ...otherLanguages].includes(language),
    );
  return kind?.text && { ...kind.text, columns: [], skip: 0 };
}
