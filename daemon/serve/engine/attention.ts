import type { Graph } from '../../graph/graph.ts';
import { div } from '../../graph/ops/div.ts';
import { exp } from '../../graph/ops/exp.ts';
import { greaterOrEqual } from '../../graph/ops/greaterOrEqual.ts';
import { max } from '../../graph/ops/max.ts';
import { reduceMax } from '../../graph/ops/reduceMax.ts';
import { slice } from '../../graph/ops/slice.ts';
import { where } from '../../graph/ops/where.ts';
import type { Dim, Value } from '../../graph/value.ts';
import { type CachedAttention, MASKED } from '../../models/attention.ts';
import { CHAIN, sumOf, times } from '../../weights/steady.ts';

/** Positions are attended to in blocks of this many. A run must not cross the border of a block. */
export const BLOCK = 64;
/** The settled blocks of a row fill a multiple of this many positions. */
export const SETTLED = CHAIN;

/** Columns of the product that sums probabilities; onnxruntime has another kernel for a single one. */
const SUMS = 16;

/**
 * Attention of rows of different lengths, each to its own cache and to its own new tokens. The cache of a row has two parts: the settled
 * blocks, and the tail, which is the block that is being filled. All new tokens of a row are in the block of its tail. The sums run over
 * the same positions in the same order however many tokens a run has and whatever the other rows hold, so a token's bits are
 * the same in a long prefill, alone, and beside others.
 *
 * positions: [batch, length] int64. The graph gets these inputs: `settled` [batch, past] and `tail` [batch, BLOCK], which are added to the scores, and for
 * each layer `keyN` [batch, kvHeads, headDim, past], `valueN` [batch, kvHeads, past / SETTLED, SETTLED, headDim], `tailKeyN` [batch, kvHeads,
 * headDim, BLOCK] and `tailValueN` [batch, kvHeads, BLOCK, headDim].
 */
export function rowAttention(g: Graph, positions: Value): CachedAttention {
  const [batch, length] = positions.shape as [Dim, Dim];
  const settled = g.reshape(g.input('settled', 'float32', [batch, 'past']), [batch, 1, 1, 'past']);
  const tail = g.reshape(g.input('tail', 'float32', [batch, BLOCK]), [batch, 1, 1, BLOCK]);
  const seen = g.op(greaterOrEqual, [
    g.reshape(positions, [batch, 1, length, 1]),
    g.reshape(positions, [batch, 1, 1, length]),
  ]);
  const causal = g.op(where, [seen, g.scalar(0), g.scalar(MASKED)]);
  const ones = (rows: Dim): Value => g.expand(g.scalar(1), [rows, SUMS]);
  const keys: Value[] = [];
  const values: Value[] = [];

  return {
    keys,
    values,
    attend(layer, q, key, value) {
      const [, heads, , headDim] = q.shape as [Dim, number, Dim, number];
      const kvHeads = key.shape[1] as number;
      const group = heads / kvHeads;
      keys.push(key);
      values.push(value);
      const input = (name: string, ...shape: Dim[]): Value =>
        g.input(`${name}${layer}`, 'float32', [batch, kvHeads, ...shape]);
      const pastKey = input('key', headDim, 'past');
      const pastValue = input('value', 'blocks', SETTLED, headDim);
      const tailKey = input('tailKey', headDim, BLOCK);
      const tailValue = input('tailValue', BLOCK, headDim);

      // A product never has a single row: a model whose heads do not share keys gets each query twice.
      const copies = group === 1 ? 2 : 1;
      const rows = times(length, group * copies);
      const all = g.reshape(q, [batch, kvHeads, times(length, group), headDim]);
      const query = copies === 1 ? all : g.reshape(g.concat([all, all], 2), [batch, kvHeads, rows, headDim]);
      const perHead = (x: Value, size: Dim): Value => g.reshape(x, [batch, kvHeads * group * copies, length, size]);
      const perKv = (x: Value, size: Dim): Value => g.reshape(x, [batch, kvHeads, rows, size]);

      const alpha = headDim ** -0.5;
      const toPast = g.add(g.matmul(query, pastKey, { alpha }), settled);
      const toTail = g.add(g.matmul(query, tailKey, { alpha }), tail);
      const amongNew = g.matmul(query, key, { transB: true, alpha });
      const toNew = perKv(g.add(perHead(amongNew, length), causal), length);
      const most = (x: Value): Value => g.op(reduceMax, [x, g.indices(3)], { $axes: [3], keepdims: 1 });
      const largest = g.op(max, [most(toPast), most(toTail), most(toNew)]);
      const weight = (x: Value): Value => g.op(exp, [g.sub(x, largest)]);

      // [batch, kvHeads, blocks, rows, SETTLED] times the values, and times ones for the sum of the weights.
      const settledWeights = g.transpose(
        g.reshape(weight(toPast), [batch, kvHeads, rows, 'blocks', SETTLED]),
        [0, 1, 3, 2, 4],
      );
      const width = headDim + SUMS;
      const both = g.concat([g.matmul(settledWeights, pastValue), g.matmul(settledWeights, ones(SETTLED))], 4);
      const size = times(rows, width);
      const fromPast = g.reshape(sumOf(g, both, { lead: [batch, kvHeads], count: 'blocks', size }), [
        batch,
        kvHeads,
        rows,
        width,
      ]);
      const tailWeights = g.concat([weight(toTail), weight(toNew)], 3);
      const sums = g.concat([ones(BLOCK), ones(length)], 0);
      const fromTail = g.concat(
        [g.matmul(tailWeights, g.concat([tailValue, value], 2)), g.matmul(tailWeights, sums)],
        3,
      );
      const total = g.add(fromPast, fromTail);
      const part = (from: number, to: number): Value =>
        g.op(slice, [total, g.indices(from), g.indices(to), g.indices(3)], {
          $to: [batch, kvHeads, rows, to - from],
        });
      const out = g.op(div, [part(0, headDim), part(headDim, headDim + 1)]);
      if (copies === 1) return g.reshape(out, q.shape);
      const first = g.op(slice, [out, g.indices(0), g.dimension(String(length)), g.indices(2)], {
        $to: [batch, kvHeads, length, headDim],
      });
      return g.reshape(first, q.shape);
    },
  };
}
