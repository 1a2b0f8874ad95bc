import type { Graph } from '../../graph/graph.ts';
import { slice } from '../../graph/ops/slice.ts';
import { softmax } from '../../graph/ops/softmax.ts';
import type { Dim, Shape, Value } from '../../graph/value.ts';
import type { CachedAttention } from '../../models/attention.ts';
import { sumOf, times } from '../../weights/steady.ts';

/** Positions are attended to in blocks of this many, and the prefix cache keeps such blocks. */
export const BLOCK = 32;

/**
 * Attention of rows of different lengths, each to its own cache and to its own new tokens. The cache of a row has two parts: the settled
 * blocks, and the window, which begins with the block that is being filled and has room for all new tokens. The new keys and values are first put into
 * their places in the window. So a token's sums run over whole blocks, in the order of the positions, however many tokens a run has and
 * whatever the other rows hold: its bits are the same in a long prefill, alone, and beside others. (onnxruntime's Softmax sums over
 * as many positions as fit into a register side by side. Empty blocks add zeros, which change no bit.)
 *
 * positions: [batch, length] int64. The graph gets these inputs: `mask` [batch, length, blocks, BLOCK], which is added to the scores, `place` [batch,
 * length, window] (1 at the place of each new token, else 0), and for each layer `keyN` [batch, kvHeads, headDim, past], `valueN` [batch, kvHeads,
 * settled, BLOCK, headDim], `tailKeyN` [batch, kvHeads, window, headDim] and `tailValueN` [batch, kvHeads, unsettled,
 * BLOCK, headDim].
 */
export function rowAttention(g: Graph, positions: Value): CachedAttention {
  const [batch, length] = positions.shape as [Dim, Dim];
  const context = times('blocks', BLOCK);
  const mask = g.reshape(g.input('mask', 'float32', [batch, length, 'blocks', BLOCK]), [batch, 1, length, context]);
  const place = g.reshape(g.input('place', 'float32', [batch, length, 'window']), [batch, 1, length, 'window']);
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
      const pastValue = input('value', 'settled', BLOCK, headDim);
      const tailKey = input('tailKey', 'window', headDim);
      const tailValue = input('tailValue', 'unsettled', BLOCK, headDim);
      const placed = (x: Value, shape: Shape): Value => g.reshape(g.matmul(place, x, { transA: true }), shape);
      const windowKey = g.add(tailKey, placed(key, tailKey.shape));
      const windowValue = g.add(tailValue, placed(value, tailValue.shape));

      // A product never has a single row, for which onnxruntime has another kernel: a model whose heads do not share keys gets each query twice.
      const copies = group === 1 ? 2 : 1;
      const rows = times(length, group * copies);
      const all = g.reshape(q, [batch, kvHeads, times(length, group), headDim]);
      const query = copies === 1 ? all : g.reshape(g.concat([all, all], 2), [batch, kvHeads, rows, headDim]);
      const alpha = headDim ** -0.5;
      const scores = g.concat(
        [g.matmul(query, pastKey, { alpha }), g.matmul(query, windowKey, { transB: true, alpha })],
        3,
      );
      const perHead = g.reshape(scores, [batch, kvHeads * group * copies, length, context]);
      const weights = g.op(softmax, [g.add(perHead, mask)]);

      const byBlock = g.transpose(g.reshape(weights, [batch, kvHeads, rows, 'blocks', BLOCK]), [0, 1, 3, 2, 4]);
      const [ofPast, ofWindow] = g.split(byBlock, ['settled', 'unsettled'], 2) as [Value, Value];
      const sums = g.concat([g.matmul(ofPast, pastValue), g.matmul(ofWindow, windowValue)], 2);
      const out = sumOf(g, sums, { lead: [batch, kvHeads], count: 'blocks', size: times(rows, headDim) });
      if (copies === 1) return g.reshape(out, q.shape);
      const doubled = g.reshape(out, [batch, kvHeads, rows, headDim]);
      const once = g.op(slice, [doubled, g.indices(0), g.dimension(String(length)), g.indices(2)], {
        $to: [batch, kvHeads, length, headDim],
      });
      return g.reshape(once, q.shape);
    },
  };
}
