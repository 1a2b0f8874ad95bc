import type { TextEdit } from 'vscode-languageserver-protocol';
import type { Row } from '../data/row.ts';
import { rowText } from './convert.ts';
import type { Dataset, DatasetRow } from './dataset.ts';

/** Removes a row with its line break. */
export const removal = (dataset: Dataset, row: DatasetRow): TextEdit => {
  const start = { line: row.line, character: row.lead };
  const next = row.line + row.lines;
  const end = next < dataset.lines ? { line: next, character: 0 } : dataset.positionOf(row, row.text.length);
  return { range: { start, end }, newText: '' };
};

/** Replaces a row by these columns, in the same style of JSON. */
export const rewrite = (dataset: Dataset, row: DatasetRow, columns: Row): TextEdit => ({
  range: dataset.rangeOf(row, { start: 0, end: row.text.length }),
  newText: rowText(columns, row.text),
});
