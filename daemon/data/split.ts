import type { RowReader } from './readers/reader.ts';

const KEYS = 2 ** 48;

/** Whether a content with this key is held out by every run with this share, whatever else its dataset has. */
export const isHeldOut = (key: number, fraction: number): boolean => key < fraction * KEYS;

/** So many rows of a split are held out at least: fewer measure badly. */
const LEAST_OF_SPLIT = 200;

/**
 * Splits rows into training and held-out rows by the hash of their content alone, so that a row stays on its side when others are
 * added, and equal rows are on the same side. If the fraction selects none (or all) of two or more rows, the row with the smallest
 * hash is held out (or the one with the largest is trained on), together with its copies.
 *
 * Where the data have a validation or test split, its rows are held out instead, at most about as many as the fraction says (and
 * LEAST_OF_SPLIT), so that measuring takes no longer than it would. The training rows never include them.
 *
 * @param fraction 0 holds out nothing, 1 everything: the whole split where there is one
 * @returns indices in the order of the file
 */
export function splitRows(
  reader: Pick<RowReader, 'count' | 'key' | 'isHeldOut'>,
  usable: (i: number) => boolean,
  fraction: number,
): { train: Uint32Array; heldOut: Uint32Array } {
  const split = splitOfData(reader, usable, fraction);
  if (split) return split;
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

function splitOfData(
  { count, key, isHeldOut }: Pick<RowReader, 'count' | 'key' | 'isHeldOut'>,
  usable: (i: number) => boolean,
  fraction: number,
): { train: Uint32Array; heldOut: Uint32Array } | undefined {
  if (!isHeldOut) return undefined;
  const [train, apart]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) if (usable(i)) (isHeldOut(i) ? apart : train).push(i);
  if (apart.length === 0 || (train.length === 0 && fraction < 1)) return undefined;
  if (fraction === 0) return { train: Uint32Array.from(train), heldOut: new Uint32Array(0) };
  const most = fraction === 1 ? apart.length : Math.max(LEAST_OF_SPLIT, Math.ceil(fraction * train.length));
  const chosen = apart.length <= most ? apart : [...apart].sort((a, b) => key(a) - key(b)).slice(0, most);
  return {
    train: fraction === 1 ? new Uint32Array(0) : Uint32Array.from(train),
    heldOut: Uint32Array.from(chosen).sort(),
  };
}
