import { selectRows } from '../graph/ops/selectRows.ts';
import type { Value } from '../graph/value.ts';
import { packedTokens } from '../models/adapted.ts';
import type { ModelConfig } from '../models/model.ts';
import type { Network } from '../models/network.ts';
import { familyOf } from '../models/registry.ts';
import { headWeight } from '../models/tensors.ts';
import type { PlainTensor } from '../runtime/executor.ts';
import type { Objective } from './objective.ts';

/** Rows of hidden states whose logits are computed at once. */
const CHUNK = 256;

/** Counted tokens as the graph gets them: more than one chunk are filled up to whole chunks with rows of weight zero. */
const paddedTo = (counted: number): number => (counted <= CHUNK ? counted : Math.ceil(counted / CHUNK) * CHUNK);

/**
 * Predicting the next token: the sum of -log p over the counted tokens, in nats. Only the positions of counted tokens reach
 * the head. The graph's inputs: those of `packedTokens`; targets, labels and weights [counted]; inverse [tokens].
 */
export const causalLm: Objective = {
  name: 'causalLm',
  label: 'next token',
  summary: 'predict each counted token from those before it',
  measures: [
    { name: 'loss', label: 'Loss', better: 'lower', digits: 4, of: (loss, counted) => loss / counted },
    {
      name: 'perplexity',
      label: 'Perplexity',
      better: 'lower',
      digits: 2,
      of: (loss, counted) => Math.exp(loss / counted),
    },
  ],

  loss(net, config, { maxLength, train }) {
    const { g } = net;
    const tokens = packedTokens(g, maxLength);
    const targets = g.input('targets', 'int64', ['counted']);
    const inverse = g.input('inverse', 'int64', ['tokens']);
    const labels = g.input('labels', 'int64', ['counted']);
    const weights = g.input('weights', 'float32', ['counted']);
    const family = familyOf(config);
    const selected = g.op(selectRows, [family.forward(net, config, tokens), targets, inverse]);
    const hidden = family.finalNorm(net, config, selected);
    const name = headWeight(config);
    const { format } = net.options;
    const copies = format.headCopies(g, { name, dIn: config.hidden, dOut: config.vocabulary });
    const [loss, right] = g.outputsOf(format.crossEntropy, [hidden, labels, weights, net.weight(name), ...copies], {
      chunk: CHUNK,
      mode: !train ? 'judge' : net.trainedWeight(name) ? 'head' : 'gradient',
    });
    if (!train) g.output('right', right!);
    return loss!;
  },

  feeds({ rows, length, ids, positions, segments, targets, labels }) {
    const counted = targets.length;
    const padded = paddedTo(counted);
    const weights = new Float32Array(padded).fill(1, 0, counted);
    // A position that is not counted points at the row of zeros that the gradient has after its last row.
    const inverse = new BigInt64Array(rows * length).fill(BigInt(padded));
    targets.forEach((target, i) => (inverse[target] = BigInt(i)));
    return {
      ids: int64(ids, [ids.length]),
      positions: int64(positions, [rows, length]),
      segments: int64(segments, [rows, length]),
      targets: int64(targets, [padded]),
      inverse: { type: 'int64', data: inverse, dims: [inverse.length] },
      labels: int64(labels, [padded]),
      weights: { type: 'float32', data: weights, dims: [padded] },
    };
  },

  sizes(rows, length, counting) {
    const tokens = rows * length;
    const counted = paddedTo(counting ?? tokens);
    return { batch: rows, length, tokens, counted, rounds: Math.ceil(counted / CHUNK), rows: Math.min(counted, CHUNK) };
  },
};

/** Logits from the hidden states that the final norm gave. hidden: [n, hidden] -> [n, vocabulary]. */
export function logits(net: Network, config: ModelConfig, hidden: Value): Value {
  const name = headWeight(config);
  const trained = net.trainedWeight(name);
  if (trained) return net.g.linear(hidden, trained);
  return net.frozen({ path: name.replace(/\.weight$/, ''), dIn: config.hidden, dOut: config.vocabulary }, hidden);
}

/** A tensor of whole numbers; where there are fewer values than `dims` say, zeros follow. */
function int64(values: ArrayLike<number>, dims: readonly number[]): PlainTensor {
  const data = new BigInt64Array(dims.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) data[i] = BigInt(values[i]!);
  return { type: 'int64', data, dims };
}
