import type { Remedy } from '../protocol/errors.ts';

/** The columns of one row, as a reader gives them to a format. */
export type Row = Record<string, unknown>;

/** What is wrong with a row, for programs. */
export type Fault =
  | 'json' // not JSON, or not an object
  | 'size' // too long or nested too deeply
  | 'encoding' // not UTF-8
  | 'columns' // not as many fields as the header names
  | 'quotes' // the quotes of a delimited row do not match
  | 'missing' // a field is missing
  | 'type' // a field has another type
  | 'role' // a role that no format knows
  | 'empty' // an empty list
  | 'mixed' // a row of another format than those before it
  | 'template' // the chat template cannot write it
  | 'marks' // a mark of what is to be learned that training cannot obey
  | 'left-out'; // the data say that it is not to be learned

/** The path to a field: column, index, key... */
export type FieldPath = readonly (string | number)[];

/**
 * An error in one row. The dataset adds file and line, and throws it or skips the row, as the settings say. The message says what
 * is wrong and what would be right, but not the place; `path` is the field at fault.
 */
export class BadRow extends Error {
  readonly fault: Fault;
  readonly path: FieldPath;
  /** What a person can do about it. */
  readonly helps: { readonly settings?: readonly string[]; readonly remedy?: Remedy } | undefined;

  constructor(message: string, fault: Fault, path: FieldPath = [], helps?: BadRow['helps']) {
    super(message);
    this.fault = fault;
    this.path = path;
    this.helps = helps;
  }
}

/** A row that the data mark as not to be learned. It is no fault of the row: such rows are counted, and never stop a run. */
export class LeftOut extends BadRow {
  /** Why, for the count of all rows with this reason: 'their "label" is false'. */
  readonly reason: string;

  constructor(reason: string, path: FieldPath = []) {
    super(`training leaves this row out, because ${reason}`, 'left-out', path);
    this.reason = reason;
  }
}
