/** What a reader hands to a format: one row's columns. */
export type Row = Record<string, unknown>;

/**
 * Something is wrong with one row and no other. The dataset adds file and line, and throws or skips it as asked.
 * The message says what is wrong and what would be right, without the place.
 */
export class BadRow extends Error {}
