import { byteIndexBuilder, byteRows } from './byte-rows.ts';
import { closeFile } from './file.ts';
import { parseJsonRow } from './jsonRow.ts';
import type { RowReader } from './reader.ts';
import { temporarySpill } from './spill.ts';

/** Rows that are made while a file is read, and are kept as lines of JSON in a temporary file. */
export interface RowSpill {
  readonly count: number;
  add(row: unknown, line?: number): void;
  /** The reader of all rows that were added. `lines`: their lines are those of the dataset file. */
  finish(about: { name: string; lines?: boolean }): RowReader;
  /** Gives up. */
  drop(): void;
}

/** `written`: how a value is written as JSON, as JSON.stringify takes it. */
export function rowSpill(path: string, written?: (key: string, value: unknown) => unknown): RowSpill {
  const spill = temporarySpill(path);
  const index = byteIndexBuilder();
  return {
    get count() {
      return index.count;
    },
    add(row, line = index.count + 1) {
      const bytes = Buffer.from(`${JSON.stringify(row, written)}\n`);
      index.add(bytes.subarray(0, -1), spill.file.size, bytes.length - 1, line);
      spill.write(bytes);
    },
    finish: (about) => byteRows(spill.file, index.finish(), { ...about, parse: parseJsonRow }),
    drop: () => closeFile(spill.file),
  };
}
