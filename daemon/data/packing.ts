/** Anything with a length in tokens and a place in the stream. */
export interface Sized {
  length: number;
  /** Its place in the stream; a smaller one came first. */
  ordinal: number;
}

/**
 * First-fit packing into rows of `capacity` tokens: first the items in `waiting` (left over from before, so that no item waits
 * twice), then those in `fresh`, the longest first. At most `bins` rows are opened; items that fit into none are left over.
 * Rows are ordered by their earliest item, and items inside a row by their place: packing does not sort the data.
 */
export function packInto<T extends Sized>(
  waiting: readonly T[],
  fresh: readonly T[],
  capacity: number,
  bins: number,
): { rows: T[][]; left: T[] } {
  const rows: T[][] = [];
  const free: number[] = [];
  const left: T[] = [];
  const byLength = [...fresh].sort((a, b) => b.length - a.length || a.ordinal - b.ordinal);
  // No row before this one has room for the shortest item, so the search may begin here.
  const shortest = [...waiting, ...fresh].reduce((least, item) => Math.min(least, item.length), Infinity);
  let open = 0;
  for (const item of [...waiting, ...byLength]) {
    while (open < rows.length && free[open]! < shortest) open++;
    let at = open;
    while (at < rows.length && free[at]! < item.length) at++;
    if (at === rows.length) {
      if (rows.length >= bins) {
        left.push(item);
        continue;
      }
      rows.push([]);
      free.push(capacity);
    }
    rows[at]!.push(item);
    free[at]! -= item.length;
  }
  for (const row of rows) row.sort(byOrdinal);
  rows.sort((a, b) => a[0]!.ordinal - b[0]!.ordinal);
  return { rows, left: left.sort(byOrdinal) };
}

/** Groups of `size` items of similar length, ordered by the earliest item of each group. */
export function bucketsOf<T extends Sized>(items: readonly T[], size: number): T[][] {
  const byLength = [...items].sort((a, b) => a.length - b.length || a.ordinal - b.ordinal);
  const groups: T[][] = [];
  for (let i = 0; i < byLength.length; i += size) groups.push(byLength.slice(i, i + size).sort(byOrdinal));
  return groups.sort((a, b) => a[0]!.ordinal - b[0]!.ordinal);
}

function byOrdinal(a: Sized, b: Sized): number {
  return a.ordinal - b.ordinal;
}
