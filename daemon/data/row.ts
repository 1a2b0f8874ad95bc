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
  | 'template'; // the chat template cannot write it

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
