import { byteIndexBuilder, byteRows } from './byte-rows.ts';
import type { OpenFile } from './file.ts';
import { openJson } from './json.ts';
import { parseJsonRow } from './jsonRow.ts';
import { forEachLine } from './lines.ts';
import type { ReaderKind, RowReader } from './reader.ts';

/** One JSON object per line, or one JSON value that holds all rows (json.ts): the text decides, not the name. */
export const jsonl: ReaderKind = {
  label: 'JSONL',
  extensions: ['.jsonl', '.ndjson', '.json'],
  ambiguous: ['.json'],
  text: { layout: 'lines', json: true, delimiter: '', parse: (text) => parseJsonRow(text.trim()) },
  language: { id: 'jsonl', label: 'JSON Lines' },
  otherLanguages: ['jsonlines', 'ndjson'],
  open: ({ file }, { maxRows }) => openJson(file, maxRows) ?? openLines(file, maxRows),
};

function openLines(file: OpenFile, maxRows: number): RowReader {
  const index = byteIndexBuilder();
  forEachLine(file, (bytes, offset, length, line) => {
    if (length === 0) return true;
    index.add(bytes, offset, length, line);
    return index.count < maxRows;
  });
  return byteRows(file, index.finish(), { name: jsonl.label, parse: parseJsonRow });
}
