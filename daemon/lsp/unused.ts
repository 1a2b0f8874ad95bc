import { unusedFields, unusedText } from '../data/messages/unused.ts';
import { isObject } from '../formats/json.ts';
import { BadRow, type FieldPath, type Row } from '../data/row.ts';
import type { Dataset, DatasetRow } from './dataset.ts';
import { fieldsOf } from './delimited.ts';
import { parseRow, spanOf } from './parse.ts';
import type { FileProblem } from './problems.ts';

/** Rows that are looked at, and their characters at most. */
const LOOKED_AT = 100;
const MOST_TEXT = 256 * 1024;
/** Fields that are reported. A row may have any number of them. */
const MOST_FIELDS = 20;

/** Fields of the first rows that training does not read. Each is reported once, where it first appears. */
export function unusedIn(dataset: Dataset): FileProblem[] {
  const found = new Map<string, FileProblem>();
  let looked = 0;
  let size = 0;
  for (const row of dataset.eachRow()) {
    size += row.text.length;
    if (!dataset.format || looked++ >= LOOKED_AT || size > MOST_TEXT) break;
    try {
      const columns = parseRow(row.text, dataset.shape);
      if (!dataset.format.matches(columns)) continue;
      for (const name of unusedFields(dataset.format, columns)) {
        if (found.size >= MOST_FIELDS) return [...found.values()];
        if (!found.has(name)) found.set(name, problemOf(dataset, row, name, pathOf(columns, name)));
      }
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
    }
  }
  return [...found.values()];
}

function problemOf(dataset: Dataset, row: DatasetRow, name: string, path: FieldPath): FileProblem {
  const message = `${unusedText([name])!}: training does not read it. This is said once for all rows`;
  const { place, columns } = dataset.header;
  const column = columns.indexOf(name);
  const field = place && !place.text.includes('\n') ? fieldsOf(place.text, dataset.shape.delimiter)[column] : undefined;
  const { line, lead, span } = field
    ? { ...place!, span: field }
    : { ...row, span: spanOf(row.text, dataset.shape, path) };
  return { code: 'unused-fields', message, line, start: span.start + lead, end: span.end + lead };
}

/** The path to the first value of a field: 'label', or 'messages[].mood'. */
function pathOf(row: Row, name: string): FieldPath {
  const [column, field] = name in row ? [name] : name.split('[].', 2);
  const list = row[column!];
  if (field === undefined || !Array.isArray(list)) return [column!];
  return [
    column!,
    Math.max(
      0,
      list.findIndex((entry) => isObject(entry) && field in entry),
    ),
    field,
  ];
}
