import type { RowReader } from './readers/reader.ts';

const KEYS = 2 ** 48;

/** Whether a content with this key is held out by every run with this share, whatever else its dataset has. */
export const isHeldOut = (key: number, fraction: number): boolean => key < fraction * KEYS;

/**
 * Splits rows into training and held-out rows by the hash of their content alone, so that a row stays on its side when others are
 * added, and equal rows are on the same side. If the fraction selects none (or all) of two or more rows, the row with the smallest
 * hash is held out (or the one with the largest is trained on), together with its copies.
 *
 * @param fraction 0 holds out nothing, 1 everything
 * @returns indices in the order of the file
 */
export function splitRows(
  reader: Pick<RowReader, 'count' | 'key'>,
  usable: (i: number) => boolean,
  fraction: number,
): { train: Uint32Array; heldOut: Uint32Array } {
  let least = Infinity;
  let most = -1;
  let rows = 0;
  for (let i = 0; i < reader.count; i++) {
    if (!usable(i)) continue;
    const key = reader.key(i);
    if (key < least) least = key;
    if (key > most) most = key;
    rows++;
  }
  let limit = fraction * KEYS;
  if (fraction > 0 && fraction < 1 && least < most) {
    if (least >= limit) limit = least + 1;
    else if (most < limit) limit = most;
  } else if (fraction > 0 && fraction < 1) {
    limit = 0;
  }
  const train = new Uint32Array(rows);
  const heldOut = new Uint32Array(rows);
  let [trained, held] = [0, 0];
  for (let i = 0; i < reader.count; i++) {
    if (!usable(i)) continue;
    if (reader.key(i) < limit) heldOut[held++] = i;
    else train[trained++] = i;
  }
  return { train: train.slice(0, trained), heldOut: heldOut.slice(0, held) };
}
