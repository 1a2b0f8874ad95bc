/** What a reader hands to a format: one row's columns. */
export type Row = Record<string, unknown>;

/** What is wrong with a row, for programs. */
export type Fault =
  | 'json' // not JSON, or not an object
  | 'size' // too long or nested too deep
  | 'encoding' // not UTF-8
  | 'columns' // not as many fields as the header names
  | 'quotes' // the quotes of a delimited row do not match
  | 'missing' // a field is not there
  | 'type' // a field of another type
  | 'role' // a role nobody knows
  | 'empty' // a list without entries
  | 'mixed' // a row of another format than those before it
  | 'template'; // the chat template cannot write it

/** The way to a field: column, index, key... */
export type FieldPath = readonly (string | number)[];

/**
 * Something is wrong with one row and no other. The dataset adds file and line, and throws or skips it as asked.
 * The message says what is wrong and what would be right, without the place; `path` is the field that is at fault.
 */
export class BadRow extends Error {
  readonly fault: Fault;
  readonly path: FieldPath;

  constructor(message: string, fault: Fault, path: FieldPath = []) {
    super(message);
    this.fault = fault;
    this.path = path;
  }
}
