import { type Remedy, VeraError } from '../protocol/errors.ts';
import { columnMapOf, columnMapText, likelyColumns, samplesOf } from './columns.ts';
import type { RowFormat, Sample } from './formats/format.ts';
import { formatOf, rowFormatNamed, rowFormats } from './formats/registry.ts';
import { markFields, markOf, outOf } from './messages/marks.ts';
import type { RowReader } from './readers/reader.ts';
import { BadRow, LeftOut, type Row } from './row.ts';

/** Rows that are read to detect the format, if bad rows are skipped. */
const LOOKED_AT = 100;

/** The format that was asked for, or the one that matches the columns of the first rows. */
export function detectFormat(
  path: string,
  reader: RowReader,
  { format, columns, onBadRow }: { format?: string; columns?: string; onBadRow: 'error' | 'skip' },
): RowFormat {
  if (format !== undefined) {
    const asked = rowFormatNamed(format);
    if (asked) return asked;
    const names = rowFormats.map(({ name }) => name).join(', ');
    throw new VeraError('usage', `the row format "${format}" does not exist; choose one of ${names}`);
  }
  const targets = [...(columnMapOf(columns)?.keys() ?? [])];
  let first: string | undefined;
  let helps: BadRow['helps'];
  for (let i = 0; i < Math.min(reader.count, LOOKED_AT); i++) {
    const { file, line } = reader.source(i);
    const place = line === undefined ? file : `${file}, line ${line}`;
    let fault: string;
    try {
      const row = reader.read(i);
      const found = formatOfMapped(row, targets) ?? formatOf(row);
      if (found) return found;
      // In a file with a header, the header is what is wrong.
      const named = reader.headerLine === undefined ? place : `${file}, line ${reader.headerLine}`;
      fault = `${named}: ${unknownColumns(row)}`;
      helps ??= columnsHelp(row);
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      fault = `${place}: ${error.message}`;
      helps ??= error.helps;
    }
    if (onBadRow === 'error') throw new VeraError('data', fault, helps);
    first ??= fault;
  }
  throw new VeraError('data', `${path} has no row of a known format; the first error: ${first}`, helps);
}

/** Of a row whose columns were mapped, the format that reads all of them: that is what the person meant. */
export const formatOfMapped = (row: Row, targets: readonly string[]): RowFormat | undefined =>
  targets.length === 0
    ? undefined
    : rowFormats.find(
        (one) => one.matches(row) && targets.every((target) => one.fields.some(({ name }) => name === target)),
      );

function columnsHelp(row: Row): BadRow['helps'] {
  if (Object.keys(row).length === 0) return undefined;
  const likely = likelyColumns(row);
  const remedy: Remedy = {
    ...{ do: 'mapColumns', columns: samplesOf(row) },
    ...(likely ? { likely: columnMapText(likely) } : {}),
  };
  return { remedy };
}

/** Reads a row as a sample. Throws BadRow if the row lacks what the format needs; the message names another format that matches. */
export function readSample(format: RowFormat, row: Row): Sample {
  if (!format.matches(row)) {
    const other = formatOf(row);
    if (other && other !== format) {
      throw new BadRow(
        `mixed formats: this row is ${other.label}, but the rows before it are ${format.label}; use one format per file`,
        'mixed',
      );
    }
  }
  const sample = format.read(row);
  obeyMarks(format, row, sample);
  return sample;
}

/** Throws LeftOut for a row whose own columns say that it is not to be learned. */
function obeyMarks(format: RowFormat, row: Row, sample: Sample): void {
  const read = new Set(format.fields.map(({ name }) => name));
  const marks = Object.fromEntries(Object.entries(row).filter(([name]) => markFields.has(name) && !read.has(name)));
  const texts = sample.kind === 'text' || sample.kind === 'code';
  const mark = markOf(marks);
  if (mark?.learned === false) throw new LeftOut(`"${mark.field}" is ${String(row[mark.field])}`, [mark.field]);
  const reason = outOf(row, read, texts);
  if (reason !== undefined) throw new LeftOut(reason);
}

/** The message about a row that no format matches. */
export const unknownColumns = (row: Row): string =>
  `no row format has these columns (${columnsOf(row)}); say which column is the question and which the answer. The formats are: ${knownFormats()}`;

function columnsOf(row: Row): string {
  const names = Object.keys(row);
  const shown = names
    .slice(0, 12)
    .map((name) => name.slice(0, 40))
    .join(', ');
  return names.length === 0 ? 'none' : `${shown}${names.length > 12 ? ', ...' : ''}`;
}

function knownFormats(): string {
  return rowFormats.map(({ label, columns }) => `${label} [${columns}]`).join('; ');
}
