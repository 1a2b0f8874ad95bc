import { parse as parseCsv } from 'csv-parse/sync';
import { VeraError } from '../../protocol/errors.ts';
import { BadRow, type Row } from '../row.ts';
import { byteIndexBuilder, byteRows } from './byte-rows.ts';
import { delimiterName, dialectOf } from './dialect.ts';
import { notUtf8 } from './utf8.ts';
import { byteOrderMark } from './lines.ts';
import type { OpenFile } from './file.ts';
import { forEachRecord } from './records.ts';
import type { ReaderKind, RowReader } from './reader.ts';
import { headOf } from './source.ts';

/** Bytes from which the delimiter is detected. */
const HEAD = 64 * 1024;

/** Values separated by commas, semicolons, tabs or bars. The first record has the column names; quotes work as in RFC 4180. */
export const csv = delimited('CSV', '.csv', ',');

/** The same, usually with tabs. */
export const tsv = delimited('TSV', '.tsv', '\t');

function delimited(label: string, ending: string, usual: string): ReaderKind {
  return {
    label,
    extensions: [ending],
    text: {
      layout: 'records',
      json: false,
      delimiter: usual,
      parse: (text, columns, delimiter = usual) => rowOf(parseRecord(text, delimiter), columns),
    },
    language: { id: label.toLowerCase(), label },
    open: ({ file }, { maxRows }) => open(file, usual, label, maxRows),
  };
}

function open(file: OpenFile, usual: string, label: string, maxRows: number): RowReader {
  const head = headOf(file, HEAD);
  const dialect = dialectOf(head.subarray(byteOrderMark(file)).toString('latin1'), usual, file.size > HEAD);
  const { delimiter } = dialect;
  const name = delimiter === usual ? label : `${label} with ${delimiterName(delimiter)}`;
  const index = byteIndexBuilder();
  let columns: string[] | undefined;
  let headerLine = 1;
  forEachRecord(file, dialect, (bytes, offset, length, line) => {
    if (columns) {
      index.add(bytes, offset, length, line);
      return index.count < maxRows;
    }
    columns = header(bytes, `${file.path}, line ${line}`, delimiter, name);
    headerLine = line;
    return true;
  });
  const names = columns ?? [];
  const parse = (text: string): Row => rowOf(parseRecord(text, delimiter), names);
  return { ...byteRows(file, index.finish(), { name, parse }), headerLine };
}

function header(bytes: Buffer, place: string, delimiter: string, name: string): string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const { message, helps } = notUtf8(bytes);
    throw new VeraError('data', `${place}: ${message}`, helps);
  }
  let columns: string[];
  try {
    columns = parseRecord(text, delimiter).map((column) => column.trim());
  } catch (cause) {
    throw new VeraError('data', `${place}: the header is not ${name}: ${(cause as Error).message}`, { cause });
  }
  const twice = columns.find((column, i) => column !== '' && columns.indexOf(column) !== i);
  if (twice !== undefined) {
    throw new VeraError('data', `${place}: the column ${JSON.stringify(twice)} appears twice in the header`);
  }
  return columns;
}

/**
 * The row that the fields of a record make. A column without a name, as that of row numbers, is left out. Throws BadRow if there are
 * more or fewer fields than the header has columns.
 */
function rowOf(fields: readonly string[], columns: readonly string[]): Row {
  if (fields.length === columns.length)
    return Object.fromEntries(columns.flatMap((column, i) => (column === '' ? [] : [[column, fields[i]!]])));
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
