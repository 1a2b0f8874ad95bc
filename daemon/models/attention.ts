import type { Graph } from '../graph/graph.ts';
import { and } from '../graph/ops/and.ts';
import { attention } from '../graph/ops/attention.ts';
import { equal } from '../graph/ops/equal.ts';
import { greaterOrEqual } from '../graph/ops/greaterOrEqual.ts';
import { slice } from '../graph/ops/slice.ts';
import { softmax } from '../graph/ops/softmax.ts';
import { where } from '../graph/ops/where.ts';
import type { Dim, Value } from '../graph/value.ts';

/** What is added to a score that must not count; its exponential is zero in float32. */
export const MASKED = -1e9;

/** How queries find keys and values. A model's definition is the same in training and in generation; only this differs. */
export interface Attention {
  /**
   * Causal attention of one layer. Grouped queries share keys and values (arXiv 2305.13245). q: [batch, heads, length,
   * headDim], k and v: [batch, kvHeads, length, headDim] -> [batch, heads, length, headDim]. If it is `flat`, the heads stand side by
   * side in each token: [batch, length, heads * headDim] -> [batch, length, heads * headDim].
   */
  attend(layer: number, q: Value, k: Value, v: Value): Value;
  readonly flat?: boolean;
}

/** Sizes of queries and keys. `grouped`: the queries that share a key-value head, one after the other, each with all tokens. */
function sizesOf(q: Value, k: Value) {
  const [batch, heads, length, headDim] = q.shape as [Dim, number, Dim, number];
  const kvHeads = k.shape[1] as number;
  const group = heads / kvHeads;
  return { batch, heads, length, headDim, kvHeads, grouped: group === 1 ? length : `${group}*${length}` };
}

/**
 * Attention within rows that may hold several examples: a token sees the tokens of its own segment that are not after it.
 * positions, segments: [batch, length] int64.
 */
export function packedAttention(g: Graph, positions: Value, segments: Value): Attention {
  const [batch, length] = positions.shape as [Dim, Dim];
  const column = (x: Value): Value => g.reshape(x, [batch, 1, length, 1]);
  const row = (x: Value): Value => g.reshape(x, [batch, 1, 1, length]);
  const visible = g.op(and, [
    g.op(equal, [column(segments), row(segments)]),
    g.op(greaterOrEqual, [column(positions), row(positions)]),
  ]);
  const mask = g.op(where, [visible, g.scalar(0), g.scalar(MASKED)]);
  return {
    attend(_, q, k, v) {
      const { heads, kvHeads, headDim, grouped } = sizesOf(q, k);
      const out = g.op(attention, [g.reshape(q, [batch, kvHeads, grouped, headDim]), k, v, mask], {
        heads,
        scale: { float: headDim ** -0.5 },
      });
      return g.reshape(out, q.shape);
    },
  };
}

/** Attention that also reads a cache, and the keys and values that must be added to that cache. */
export interface CachedAttention extends Attention {
  /** Keys and values of the new tokens, one entry per layer: [1, kvHeads, length, headDim]. */
  readonly keys: readonly Value[];
  readonly values: readonly Value[];
}

/**
 * Attention of the new tokens of one row to a cache and among themselves: [q K_past, q k_new] -> softmax -> p V_past + p v_new,
 * so the cache is read in place and never copied. positions: [1, length] int64. The graph gets these inputs: `empty` [past],
 * which is added to the scores of the cache's positions, and for each layer `keyN` [1, kvHeads, headDim, past] and `valueN`
 * [1, kvHeads, past, headDim].
 */
export function cachedAttention(g: Graph, positions: Value): CachedAttention {
  const length = positions.shape[1] as string;
  const empty = g.input('empty', 'float32', ['past']);
  const seen = g.op(greaterOrEqual, [g.reshape(positions, [length, 1]), positions]);
  const mask = g.op(where, [seen, g.scalar(0), g.scalar(MASKED)]);
  const keys: Value[] = [];
  const values: Value[] = [];
  return {
    keys,
    values,
    attend(layer, q, key, value) {
      const { heads, kvHeads, headDim, grouped } = sizesOf(q, key);
      const pastKey = g.input(`key${layer}`, 'float32', [1, kvHeads, headDim, 'past']);
      const pastValue = g.input(`value${layer}`, 'float32', [1, kvHeads, 'past', headDim]);
      const part = (p: Value, from: Value, to: Value, size: string): Value =>
        g.op(slice, [p, from, to, g.indices(3)], { $to: [1, kvHeads, grouped, size] });
      keys.push(key);
      values.push(value);
      const query = g.reshape(q, [1, kvHeads, grouped, headDim]);
      const alpha = headDim ** -0.5;
      const toPast = g.add(g.matmul(query, pastKey, { alpha }), empty);
      const amongNew = g.matmul(query, key, { transB: true, alpha });
      // The queries of a group stand one after the other, each with all tokens. The mask fits once each head is separate again.
      const masked = g.add(g.reshape(amongNew, [1, heads, length, length]), mask);
      const scores = g.concat([toPast, g.reshape(masked, [1, kvHeads, grouped, length])], 3);
      const p = g.op(softmax, [scores]);
      const past = g.dimension('past');
      const out = g.add(
        g.matmul(part(p, g.indices(0), past, 'past'), pastValue),
        g.matmul(part(p, past, g.add(past, g.dimension(length)), length), value),
      );
      return g.reshape(out, q.shape);
    },
  };
}
