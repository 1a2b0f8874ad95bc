import { parse as parseCsv } from 'csv-parse/sync';
import { VeraError } from '../../protocol/errors.ts';
import { BadRow, type Row } from '../row.ts';
import { byteIndexBuilder, byteRows } from './byte-rows.ts';
import { openRegularFile } from './file.ts';
import { forEachRecord } from './records.ts';
import type { ReaderKind, RowReader } from './reader.ts';

/** Comma-separated values. The first record has the column names; quotes work as in RFC 4180. */
export const csv = delimited('CSV', '.csv', ',');

/** The same with tabs. */
export const tsv = delimited('TSV', '.tsv', '\t');

function delimited(label: string, ending: string, delimiter: string): ReaderKind {
  return {
    label,
    extensions: [ending],
    text: {
      layout: 'records',
      json: false,
      delimiter,
      parse: (text, columns) => rowOf(parseRecord(text, delimiter), columns),
    },
    language: { id: label.toLowerCase(), label },
    open: (path, { maxRows }) => open(path, delimiter, label, maxRows),
  };
}

function open(path: string, delimiter: string, name: string, maxRows: number): RowReader {
  const file = openRegularFile(path);
  const index = byteIndexBuilder();
  let columns: string[] | undefined;
  forEachRecord(file, delimiter, (bytes, offset, length, line) => {
    if (columns) {
      index.add(bytes, offset, length, line);
      return index.count < maxRows;
    }
    columns = header(bytes, path, delimiter, name);
    return true;
  });
  const names = columns ?? [];
  const parse = (text: string): Row => rowOf(parseRecord(text, delimiter), names);
  return byteRows(file, index.finish(), { name, parse });
}

function header(bytes: Buffer, path: string, delimiter: string, name: string): string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new VeraError('data', `${path}, line 1: not UTF-8; save the file as UTF-8`);
  }
  let columns: string[];
  try {
    columns = parseRecord(text, delimiter).map((column) => column.trim());
  } catch (cause) {
    throw new VeraError('data', `${path}, line 1: the header is not ${name}: ${(cause as Error).message}`, { cause });
  }
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined) {
    throw new VeraError('data', `${path}, line 1: the column ${JSON.stringify(twice)} appears twice in the header`);
  }
  return columns;
}

/** The row that the fields of a record make. Throws BadRow if there are more or fewer than the header has columns. */
function rowOf(fields: readonly string[], columns: readonly string[]): Row {
  if (fields.length === columns.length) return Object.fromEntries(columns.map((column, i) => [column, fields[i]!]));
  const message = `the header names ${columns.length} columns, but this row has ${fields.length === 1 ? '1 field' : `${fields.length} fields`}`;
  throw new BadRow(message, 'columns');
}

/** The fields of one record. Throws BadRow if its quotes do not match. */
export function parseRecord(text: string, delimiter: string): string[] {
  try {
    // A quote inside an unquoted field is an ordinary character, as spreadsheets write it.
    const options = { delimiter, relax_quotes: true, record_delimiter: ['\n', '\r\n'] };
    return parseCsv(text, options)[0] ?? [];
  } catch (cause) {
    throw new BadRow(`the quotes do not match: ${(cause as Error).message.split('\n')[0]}`, 'quotes');
  }
}
