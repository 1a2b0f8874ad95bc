import type { Graph } from '../../graph/graph.ts';
import { headAttention } from '../../graph/ops/headAttention.ts';
import { slice } from '../../graph/ops/slice.ts';
import { tensorScatter } from '../../graph/ops/tensorScatter.ts';
import type { Dim, Value } from '../../graph/value.ts';
import type { Attention } from '../../models/attention.ts';

/** The prefix cache keeps the keys and values of so many positions together. */
export const BLOCK = 32;

/** Attention, and what it writes into the caches. */
export interface RowAttention extends Attention {
  /** The caches with the new keys and values in them, one entry per layer. */
  readonly keys: readonly Value[];
  readonly values: readonly Value[];
}

/**
 * Attention of rows of different lengths, each to its own cache, into which the new keys and values are put first. A token's sums run over the
 * positions in their order, however many tokens a run has and whatever the other rows hold: its bits are the same in a long prefill,
 * alone, and beside others. (onnxruntime sums over as many positions side by side as fit into a register. Positions that are
 * hidden add zeros, which change no bit, so there may be any number of them.)
 *
 * positions: [batch, length] int64. The graph gets these inputs: `places` [batch] (the length of each row's cache), `mask` [batch, 1, queries, room]
 * with one query more than tokens, which is added to the scores, and for each layer `keyN` and `valueN` [batch, room, kvHeads * headDim].
 */
export function rowAttention(g: Graph, positions: Value, kvHeads: number): RowAttention {
  const [batch, length] = positions.shape as [Dim, Dim];
  const places = g.input('places', 'int64', [batch]);
  const mask = g.input('mask', 'float32', [batch, 1, 'queries', 'room']);
  const keys: Value[] = [];
  const values: Value[] = [];

  return {
    flat: true,
    keys,
    values,
    attend(layer, q, key, value) {
      const [all, width] = [q.shape[2] as number, key.shape[2] as number];
      const headDim = width / kvHeads;
      const put = (name: string, entries: Value): Value =>
        g.op(tensorScatter, [g.input(`${name}${layer}`, 'float32', [batch, 'room', width]), entries, places], {
          axis: 1,
        });
      keys.push(put('key', key));
      values.push(put('value', value));
      // A product never has a single row, for which onnxruntime has another kernel.
      const more = g.expand(g.scalar(0), [batch, 1, all]);
      const out = g.op(headAttention, [g.concat([q, more], 1), keys.at(-1), values.at(-1), mask], {
        ...{ q_num_heads: all / headDim, kv_num_heads: kvHeads },
        scale: { float: headDim ** -0.5 },
      });
      return g.op(slice, [out, g.indices(0), g.dimension(String(length)), g.indices(1)], { $to: q.shape });
    },
  };
}
