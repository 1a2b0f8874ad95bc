import type { Row } from '../row.ts';

/** Rows of a dataset, read one at a time in any order. Opening one reads no row into memory. */
export interface RowReader {
  /** How it is said to a person: 'JSONL'. */
  name: string;
  /** Number of rows. */
  count: number;
  /** Bytes behind the rows; decides how much is checked before training begins. */
  bytes: number;
  /** sha256 (hex) over the content of all rows in their order. */
  hash: string;
  /** What was left out and why, when the reader chooses (a folder of code). */
  note?: string;
  /** First 48 bits of the sha256 of row i's content, as a number below 2^48: equal rows have equal keys. */
  key(i: number): number;
  source(i: number): { file: string; line?: number };
  /** Row i. Throws BadRow when only this row is wrong, VeraError when the file is. */
  read(i: number): Row;
  close(): void;
}

export interface ReaderOptions {
  /** Stop after this many rows. */
  maxRows: number;
}

/** A kind of file: its endings, and how to open one. */
export interface ReaderKind {
  extensions: string[];
  open(file: string, options: ReaderOptions): Promise<RowReader> | RowReader;
}

/** Beyond this a row is refused: no context is this long, and one line must not fill the memory. */
export const MAX_ROW_BYTES = 16 * 1024 * 1024;
