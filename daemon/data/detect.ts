import { VeraError } from '../protocol/errors.ts';
import type { RowFormat, Sample } from './formats/format.ts';
import { formatOf, rowFormatNamed, rowFormats } from './formats/registry.ts';
import type { RowReader } from './readers/reader.ts';
import { BadRow, type Row } from './row.ts';

/** Rows looked at before giving up, where bad ones are to be skipped. */
const LOOKED_AT = 100;

/** The format that the first rows have the columns of, or the one that was asked for. */
export function detectFormat(
  path: string,
  reader: RowReader,
  { format, onBadRow }: { format?: string; onBadRow: 'error' | 'skip' },
): RowFormat {
  if (format !== undefined) {
    const asked = rowFormatNamed(format);
    if (asked) return asked;
    const names = rowFormats.map(({ name }) => name).join(', ');
    throw new VeraError('usage', `the row format "${format}" does not exist; choose one of ${names}`);
  }
  let first: string | undefined;
  for (let i = 0; i < Math.min(reader.count, LOOKED_AT); i++) {
    const { file, line } = reader.source(i);
    const place = line === undefined ? file : `${file}, line ${line}`;
    let fault: string;
    try {
      const row = reader.read(i);
      const found = formatOf(row);
      if (found) return found;
      fault = `${place}: ${unknownColumns(row)}`;
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      fault = `${place}: ${error.message}`;
    }
    if (onBadRow === 'error') throw new VeraError('data', fault);
    first ??= fault;
  }
  throw new VeraError('data', `${path} has no row of a known format; the first fault: ${first}`);
}

/** Row to sample; BadRow when it lacks what the format needs, naming the other format where it is of one. */
export function readSample(format: RowFormat, row: Row): Sample {
  if (!format.matches(row)) {
    const other = formatOf(row);
    if (other && other !== format) {
      throw new BadRow(
        `mixed formats: this row is ${other.label}, those before it are ${format.label}; keep one format in a file`,
        'mixed',
      );
    }
  }
  return format.read(row);
}

/** What is said of a row that no format knows. */
export const unknownColumns = (row: Row): string =>
  `no known format has these columns (${columnsOf(row)}). Known: ${knownFormats()}`;

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
