/**
 * Float32 products that give each row the same bits whatever the other rows contain. onnxruntime sums the terms of a product in
 * blocks, whose size depends on the shape and on how the work is shared among threads, and for a single row it uses another kernel.
 * (Measured: a single row differs; so do 200 rows on four threads. A constant weight that was prepacked does not.) Within 128 terms the sum is one chain, so
 * the products here are made of such pieces, and never have a single row.
 */
import type { Graph } from '../graph/graph.ts';
import { slice } from '../graph/ops/slice.ts';
import type { Dim, Value } from '../graph/value.ts';

/** Most terms that onnxruntime always sums in one chain. */
const CHAIN = 128;

/** The largest divisor that is at most `CHAIN`; all of k if there is none of a useful size. */
function pieceOf(k: number): number {
  if (k <= CHAIN) return k;
  for (let c = CHAIN; c >= 16; c--) if (k % c === 0) return c;
  return k;
}

export interface SteadySizes {
  /** Axes before the rows, which x and w share. */
  readonly lead: readonly Dim[];
  /** Rows of x: a number or a named size of an input. */
  readonly rows: Dim;
  readonly k: number;
  readonly n: number;
}

/** x w^T. x: [...lead, rows, k], w: [...lead, n, k] -> [...lead, rows, n]. */
export function steadyProduct(g: Graph, x: Value, w: Value, { lead, rows, k, n }: SteadySizes): Value {
  const c = pieceOf(k);
  const pieces = k / c;
  const axis = lead.length;
  const byPiece = (value: Value, count: Dim): Value =>
    g.transpose(g.reshape(value, [...lead, count, pieces, c]), [...lead.map((_, i) => i), axis + 1, axis, axis + 2]);
  const zero = g.expand(g.scalar(0), [...lead, pieces, 1, c]);
  const guarded = g.concat([byPiece(x, rows), zero], axis + 1);
  const products = g.matmul(guarded, byPiece(w, n), { transB: true });
  const end = typeof rows === 'number' ? g.indices(rows) : g.dimension(rows);
  const parts = g.op(slice, [products, g.indices(0), end, g.indices(axis + 1)], { $to: [...lead, pieces, rows, n] });
  return g.reshape(sumOf(g, parts, { lead, count: pieces, size: times(rows, n) }), [...lead, rows, n]);
}

/** The sum over one axis, in its order: zeros at the end change no bit. x: [...lead, count, ...] of `size` elements each -> [...lead, 1, size]. */
function sumOf(
  g: Graph,
  x: Value,
  { lead, count, size }: { readonly lead: readonly Dim[]; readonly count: Dim; readonly size: Dim },
): Value {
  if (count === 1) return x;
  const ones = g.expand(g.scalar(1), [2, count]);
  const sums = g.matmul(ones, g.reshape(x, [...lead, count, size]));
  return g.op(slice, [sums, g.indices(0), g.indices(1), g.indices(lead.length)], { $to: [...lead, 1, size] });
}

/** A multiple of a size, as `Graph.dimension` reads it. */
function times(size: Dim, by: number): Dim {
  if (typeof size === 'number') return size * by;
  const [factor, base] = size.includes('*') ? (size.split('*') as [string, string]) : ['1', size];
  return `${Number(factor) * by}*${base}`;
}
