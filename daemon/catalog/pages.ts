import { VeraError } from '../protocol/errors.ts';

/** One page of a list, in the form of the protocol. */
export interface Page<T> {
  items: T[];
  next?: string;
}

/**
 * The end of a page as an opaque text: the sort keys of its last row. The next page begins after them, however many rows
 * were added or deleted in between, and costs the same however far down it is.
 */
export const cursorOf = (keys: readonly (number | string)[]): string =>
  Buffer.from(JSON.stringify(keys)).toString('base64url');

/** The keys of a cursor; undefined if none was given. `kinds`: the types that they must have. Throws VeraError 'usage'. */
export function keysOf<const K extends readonly ('number' | 'string')[]>(
  cursor: string | undefined,
  kinds: K,
): { [I in keyof K]: K[I] extends 'number' ? number : string } | undefined {
  if (cursor === undefined) return undefined;
  let keys: unknown;
  try {
    keys = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    keys = undefined;
  }
  if (!Array.isArray(keys) || keys.length !== kinds.length || keys.some((key, i) => typeof key !== kinds[i]))
    throw new VeraError('usage', 'after is not what an earlier page gave as next: list again from the beginning');
  return keys as { [I in keyof K]: K[I] extends 'number' ? number : string };
}

/** Makes a page from up to `limit` + 1 rows. One row more than requested means that there is a next page. */
export function pageOf<R, T>(
  rows: readonly R[],
  limit: number,
  show: (row: R) => T,
  keys: (row: R) => readonly (number | string)[],
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(show),
    ...(rows.length > limit && last !== undefined ? { next: cursorOf(keys(last)) } : {}),
  };
}
