import type { Encoding } from '../encodings.ts';
import type { Row } from '../row.ts';
import type { OpenFile } from './file.ts';

/** The rows of a dataset, which can be read in any order. Opening it reads no row into memory. */
export interface RowReader {
  /** The name that people read: 'JSONL'. */
  name: string;
  /** Number of rows. */
  count: number;
  /** Bytes of all rows. They decide how much is checked before training begins. */
  bytes: number;
  /** sha256 (hex) over the content of all rows in their order. */
  hash: string;
  /** True for rows that the data themselves set apart for measuring: those of a validation or test split. */
  isHeldOut?(i: number): boolean;
  /** What was left out and why, and what was done to read the rows. */
  note?: string;
  /** First 48 bits of the sha256 of row i's content, as a number below 2^48: equal rows have equal keys. */
  key(i: number): number;
  /** The line that names the columns of all rows. */
  headerLine?: number;
  source(i: number): { file: string; line?: number };
  /** Row i. Throws BadRow if only this row is wrong, VeraError if the file is. */
  read(i: number): Row;
  close(): void;
}

export interface ReaderOptions {
  /** Stop after this many rows. */
  maxRows: number;
  /** The encoding of text that is not UTF-8. */
  encoding?: Encoding;
}

/** How an editor reads the text of an open file, which it shows in lines and changes in places. */
export interface TextKind {
  /** How lines make rows: a row per line, records whose quoted fields may hold line breaks, or paragraphs between blank lines. */
  readonly layout: 'lines' | 'records' | 'paragraphs';
  readonly json: boolean;
  /** The text between two fields; '' if a row has no fields. With a delimiter, the first record names the columns. */
  readonly delimiter: string;
  /** The columns of a row's text. `columns`: the names in the header; `delimiter`: what the file has, if not the usual one. Throws BadRow. */
  parse(text: string, columns: readonly string[], delimiter?: string): Row;
}

/** A dataset file, unpacked and as UTF-8. */
export interface Source {
  readonly file: OpenFile;
  /** Its name in lower case, without the ending of a compressed file. */
  readonly name: string;
  /** What was done to read it, in words. */
  readonly notes: readonly string[];
}

/** A kind of dataset file: its endings, how to open one, and how an editor reads it. */
export interface ReaderKind {
  /** The name that people read: 'JSONL'. */
  readonly label: string;
  /** File name endings, the usual one first. */
  readonly extensions: readonly string[];
  /** Those of `extensions` that files other than datasets have too. Such a file is read when it is named, but menus do not offer it. */
  readonly ambiguous?: readonly string[];
  /** Absent if the file is not text. */
  readonly text?: TextKind;
  /** The language that VS Code knows these files by. The extension declares it, and checks files of this language. */
  readonly language?: { readonly id: string; readonly label: string };
  /** What other editors call this language. */
  readonly otherLanguages?: readonly string[];
  /** The reader closes the file; if `open` throws, its caller does. */
  open(source: Source, options: ReaderOptions): Promise<RowReader> | RowReader;
}

/** Longer rows are refused: no context is this long, and one line must not fill the memory. */
export const MAX_ROW_BYTES = 16 * 1024 * 1024;
