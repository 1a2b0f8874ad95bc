import { VeraError } from '../../protocol/errors.ts';
import { BadRow, type Row } from '../row.ts';
import { byteIndexBuilder, byteRows, type ByteIndexBuilder } from './byte-rows.ts';
import { closeFile, type OpenFile } from './file.ts';
import { asRow, choose, isRow, type Member, tableRows } from './json-shapes.ts';
import { type Extent, JsonFault, type JsonScan, jsonScan } from './json-scan.ts';
import { parseJsonRow } from './jsonRow.ts';
import { byteOrderMark } from './lines.ts';
import { MAX_ROW_BYTES, type RowReader } from './reader.ts';
import { rowSpill } from './rowSpill.ts';

const [LIST, OBJECT] = [0x5b, 0x7b];
/** Columns instead of rows are read in memory. */
const MAX_TABLE = 64 * 1024 * 1024;
/** Bytes of the first row of a list that are looked at. */
const LOOKED_AT = 1024 * 1024;
const MOST_MEMBERS = 1_000_000;

/**
 * A file that is one JSON value: a list of rows, an object with such a list in it, columns, or a single row. Undefined if it is
 * anything else, such as an object on each line. The list is never built in memory. Throws VeraError 'data' with the line.
 */
export function openJson(file: OpenFile, maxRows: number): RowReader | undefined {
  const start = byteOrderMark(file);
  const scan = jsonScan(file, start);
  const first = scan.peek();
  try {
    if (first === LIST) return openList(file, scan, maxRows);
    if (first !== OBJECT) return undefined;
    const extent = wholeValue(scan);
    if (!extent) return undefined;
    if (scan.peek() === -1) return openObject(file, scan, extent, maxRows);
    if (extent.lastLine > extent.line && rowAt(scan, extent)) throw overLines(file, extent);
    return undefined;
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new VeraError('data', `${file.path}, line ${error.line}: not valid JSON: ${error.message}`);
  }
}

function wholeValue(scan: JsonScan): Extent | undefined {
  try {
    return scan.value();
  } catch (error) {
    if (error instanceof JsonFault) return undefined;
    throw error;
  }
}

const overLines = ({ path }: OpenFile, { line, lastLine }: Extent): VeraError =>
  new VeraError(
    'data',
    `${path}, line ${line}: this object ends on line ${lastLine}, but an object must stand on one line; write each on one line, or put all of them into one JSON array`,
  );

function rowAt(scan: JsonScan, extent: Extent): Row | undefined {
  if (extent.length > MAX_ROW_BYTES) return undefined;
  try {
    return parseJsonRow(scan.bytes(extent, MAX_ROW_BYTES).toString());
  } catch (error) {
    if (error instanceof BadRow) return undefined;
    throw error;
  }
}

/** Takes a list and keeps the places of its values. False if not all of it was taken. */
function takeList(scan: JsonScan, index: ByteIndexBuilder, maxRows: number): boolean {
  if (scan.peek() !== LIST || index.count >= maxRows) return false;
  scan.each(() => {
    addValue(scan, index, scan.value());
    return index.count < maxRows;
  });
  return index.count < maxRows;
}

const addValue = (scan: JsonScan, index: ByteIndexBuilder, extent: Extent): void =>
  index.add(scan.bytes(extent, MAX_ROW_BYTES), extent.offset, extent.length, extent.line);

function openList(file: OpenFile, scan: JsonScan, maxRows: number): RowReader | undefined {
  const index = byteIndexBuilder();
  const whole = takeList(scan, index, maxRows);
  // Something after the list: each line is a list, which is an error of the line.
  if (whole && scan.peek() !== -1) return undefined;
  return byteRows(file, index.finish(), { name: 'JSON array', parse: parseJsonRow });
}

/** A file that is one object. */
function openObject(file: OpenFile, scan: JsonScan, extent: Extent, maxRows: number): RowReader | undefined {
  const row = rowAt(scan, extent);
  if (extent.length <= MAX_ROW_BYTES && !row) {
    if (extent.lastLine === extent.line) return undefined; // the line says what is wrong
    parseOrThrow(file, scan, extent);
  }
  const single = (): RowReader => {
    const index = byteIndexBuilder();
    addValue(scan, index, extent);
    return byteRows(file, index.finish(), {
      name: extent.lastLine === extent.line ? 'JSONL' : 'JSON object',
      parse: parseJsonRow,
    });
  };
  if (row && isRow(row)) return single();
  const members = membersOf(file, extent);
  const chosen = choose(members);
  switch (chosen?.as) {
    case 'lists': {
      const index = byteIndexBuilder();
      for (const { extent: at } of chosen.train) takeList(scanAt(file, at), index, maxRows);
      const trained = index.count;
      for (const { extent: at } of chosen.heldOut) takeList(scanAt(file, at), index, maxRows);
      const parse = (text: string): Row => asRow(parseJsonRow(text));
      const names = [...chosen.train, ...chosen.heldOut].map(({ name }) => JSON.stringify(name)).join(', ');
      const about = { name: `JSON array in ${names}`, parse };
      const rows = byteRows(file, index.finish(), about);
      return index.count === trained ? rows : { ...rows, isHeldOut: (i) => i >= trained };
    }
    case 'nested': {
      const spill = rowSpill(file.path);
      try {
        const inner = scanAt(file, chosen.member.extent);
        inner.each(() => {
          const at = inner.value();
          for (const made of chosen.rows(parseJsonRow(inner.bytes(at, MAX_ROW_BYTES).toString())))
            if (spill.count < maxRows) spill.add(made, at.line);
          return spill.count < maxRows;
        });
        return closing(file, spill.finish({ name: 'JSON, questions about paragraphs' }));
      } catch (error) {
        spill.drop();
        throw error instanceof BadRow ? new VeraError('data', `${file.path}: ${error.message}`) : error;
      }
    }
    case 'members': {
      const index = byteIndexBuilder();
      for (const { extent: at } of members) if (index.count < maxRows) addValue(scan, index, at);
      return byteRows(file, index.finish(), { name: 'JSON object of rows', parse: parseJsonRow });
    }
    case 'table': {
      if (extent.length > MAX_TABLE)
        throw new VeraError(
          'data',
          `${file.path} has columns instead of rows, and more than ${MAX_TABLE / 1024 / 1024} MiB; write one object per row (in pandas: to_json(FILE, orient="records", lines=True))`,
        );
      const table = JSON.parse(scan.bytes(extent, MAX_TABLE).toString()) as Row;
      const rows = tableRows(table);
      if (!rows) return single();
      const spill = rowSpill(file.path);
      for (const one of rows.slice(0, maxRows)) spill.add(one);
      return closing(file, spill.finish({ name: 'JSON columns', lines: false }));
    }
    case undefined:
      return single();
  }
}

/** Says where the only object of a file is wrong, which is not its first line. */
function parseOrThrow(file: OpenFile, scan: JsonScan, extent: Extent): void {
  const text = scan.bytes(extent, MAX_ROW_BYTES).toString();
  try {
    parseJsonRow(text);
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    const at = Number(/ at character (\d+)/.exec(error.message)?.[1] ?? 0);
    const line = extent.line + text.slice(0, Math.max(0, at - 1)).split('\n').length - 1;
    throw new VeraError('data', `${file.path}, line ${line}: ${error.message.replace(/ at character \d+/, '')}`);
  }
}

/** A list in the file, whose lines count from the start of the file. */
const scanAt = (file: OpenFile, { offset, line }: Extent): JsonScan => jsonScan(file, offset, line);

/** The parts of the object, each with its first row if it is a list. */
function membersOf(file: OpenFile, extent: Extent): Member[] {
  const members: Member[] = [];
  const scan = scanAt(file, extent);
  scan.each((at) => {
    const name = String(JSON.parse(scan.bytes(at!, LOOKED_AT).toString()));
    const kind = scan.peek() === LIST ? 'list' : scan.peek() === OBJECT ? 'object' : 'other';
    const place = scan.value();
    members.push({ name, kind, extent: place, first: members.length < 100 ? firstIn(file, kind, place) : undefined });
    return members.length < MOST_MEMBERS;
  });
  return members;
}

function firstIn(file: OpenFile, kind: Member['kind'], extent: Extent): unknown {
  if (kind === 'other') return undefined;
  const scan = scanAt(file, extent);
  let first: Extent | undefined = kind === 'object' ? extent : undefined;
  if (kind === 'list')
    scan.each(() => {
      first = scan.value();
      return false;
    });
  if (!first || first.length > LOOKED_AT) return undefined;
  try {
    return JSON.parse(scan.bytes(first, LOOKED_AT).toString()) as unknown;
  } catch {
    return undefined;
  }
}

/** The rows are elsewhere, but the dataset file is closed with them. */
function closing(file: OpenFile, rows: RowReader): RowReader {
  return {
    ...rows,
    close() {
      rows.close();
      closeFile(file);
    },
  };
}
