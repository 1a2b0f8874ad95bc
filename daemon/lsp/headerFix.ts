import type { TextEdit } from 'vscode-languageserver-protocol';
import { formatOf } from '../data/formats/registry.ts';
import type { Dataset } from './dataset.ts';
import { fieldsOf, quoted } from './delimited.ts';
import { mendRow } from './mend.ts';

/** Renames the columns of a delimited file so that a format recognises them; undefined if that is not possible. */
export function headerRenames({ header, shape, format }: Dataset): { title: string; edits: TextEdit[] } | undefined {
  const { place, columns } = header;
  if (!place || (format && formatOf(textRow(columns)) === format)) return undefined;
  const mended = mendRow(textRow(columns), format);
  if (!mended) return undefined;
  const names = Object.keys(mended.row);
  if (names.length !== columns.length || place.text.includes('\n')) return undefined;
  const fields = fieldsOf(place.text, shape.delimiter);
  const edits = columns.flatMap((column, i) => {
    const name = names[i]!;
    if (name === column) return [];
    const at = (character: number) => ({ line: place.line, character: character + place.lead });
    return [
      { range: { start: at(fields[i]!.start), end: at(fields[i]!.end) }, newText: quoted(name, shape.delimiter) },
    ];
  });
  return { title: mended.title, edits };
}

const textRow = (columns: readonly string[]): Record<string, string> =>
  Object.fromEntries(columns.map((column) => [column, 'x']));
