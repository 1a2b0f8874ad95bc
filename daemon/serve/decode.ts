import { Graph } from '../graph/graph.ts';
import { greaterOrEqual } from '../graph/ops/greaterOrEqual.ts';
import { rotaryEmbedding } from '../graph/ops/rotaryEmbedding.ts';
import { slice } from '../graph/ops/slice.ts';
import { softmax } from '../graph/ops/softmax.ts';
import { where } from '../graph/ops/where.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import type { Value } from '../graph/value.ts';
import { layoutOf } from '../layout.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { type BaseModel, shapeOf } from '../models/base.ts';
import { bindOne } from '../models/binding.ts';
import type { LlamaConfig } from '../models/config.ts';
import { type Attend, finalNorm, headWeight, llama } from '../models/llama.ts';
import { Network, type Precision } from '../models/network.ts';
import { rotaryTables } from '../models/rotary.ts';
import { weightFormat } from '../weights/registry.ts';

export interface DecodeOptions {
  readonly base: BaseModel;
  readonly adaptation: Adaptation;
  readonly precision: Precision;
  /** Positions there will be at most, prompt and answer together. */
  readonly maxLength: number;
}

/** What is added to a score that must not count; its exponential is zero in float32. */
const MASKED = -1e9;

/**
 * The graph that reads some tokens of one row after those already in the cache. theta: [parameters], ids: [tokens],
 * positions: [1, tokens], empty: [past] (added to the scores of the cache's places), key0..: [1, kvHeads, headDim, past],
 * value0..: [1, kvHeads, past, headDim] -> logits of the last token [1, vocabulary], keys and values of the new tokens
 * [layers, kvHeads, tokens, headDim].
 */
export function decodeGraph({ base, adaptation, precision, maxLength }: DecodeOptions): Graph {
  const { config } = base;
  const g = new Graph();
  const trained = bindOne(g, layoutOf(adaptation.parameters));
  const ids = g.input('ids', 'int64', ['tokens']);
  const net = new Network(g, {
    format: weightFormat(precision),
    adaptation,
    shapeOf: (name) => shapeOf(base, name),
    trained,
    // One token decides which products are worth it: most runs have no more.
    tokens: 1,
    differentiable: false,
  });
  const keys: Value[] = [];
  const values: Value[] = [];
  const hidden = llama(net, config, ids, cachedAttention(g, config, maxLength, keys, values));
  const last = g.gather(hidden, g.sub(g.dimension('tokens'), g.indices(1)));
  g.output('logits', head(net, config, finalNorm(net, config, last)));
  g.output('keys', g.concat(keys, 0));
  g.output('values', g.concat(values, 0));
  return deadCode(lower(g));
}

/** hidden: [n, hidden] -> logits [n, vocabulary]. */
function head(net: Network, config: LlamaConfig, hidden: Value): Value {
  const name = headWeight(config);
  const trained = net.trainedWeight(name);
  if (trained) return net.g.linear(hidden, trained);
  return net.frozen({ path: name.replace(/\.weight$/, ''), dIn: config.hidden, dOut: config.vocabulary }, hidden);
}

/**
 * Causal attention of new tokens to a cache and among themselves: [q K_past, q k_new] -> softmax -> p V_past + p v_new, so that
 * the cache is read where it lies. What is to be added to it goes into `keys` and `values`, a layer each.
 */
function cachedAttention(g: Graph, config: LlamaConfig, maxLength: number, keys: Value[], values: Value[]): Attend {
  const { heads, kvHeads, headDim } = config;
  const group = heads / kvHeads;
  const grouped = group === 1 ? 'tokens' : `${group}*tokens`;
  const positions = g.input('positions', 'int64', [1, 'tokens']);
  const empty = g.input('empty', 'float32', ['past']);
  const tables = rotaryTables(config, maxLength);
  const table = (data: Float32Array): Value => g.constant(data, [maxLength, headDim / 2]);
  const angles = [positions, table(tables.cos), table(tables.sin), table(tables.minusSin)];
  const seen = g.op(greaterOrEqual, [g.reshape(positions, ['tokens', 1]), positions]);
  const mask = g.op(where, [seen, g.scalar(0), g.scalar(MASKED)]);
  const split = (x: Value, count: number): Value =>
    g.transpose(g.reshape(x, [1, 'tokens', count, headDim]), [0, 2, 1, 3]);
  const part = (p: Value, from: Value, to: Value, size: string): Value =>
    g.op(slice, [p, from, to, g.indices(3)], { $to: [1, kvHeads, grouped, size] });
  return (layer, q, k, v) => {
    const pastKey = g.input(`key${layer}`, 'float32', [1, kvHeads, headDim, 'past']);
    const pastValue = g.input(`value${layer}`, 'float32', [1, kvHeads, 'past', headDim]);
    const rotated = (x: Value, count: number): Value => g.op(rotaryEmbedding, [split(x, count), ...angles]);
    const query = g.reshape(rotated(q, heads), [1, kvHeads, grouped, headDim]);
    const key = rotated(k, kvHeads);
    const value = split(v, kvHeads);
    keys.push(key);
    values.push(value);
    const alpha = headDim ** -0.5;
    const toPast = g.add(g.matmul(query, pastKey, { alpha }), empty);
    const amongNew = g.matmul(query, key, { transB: true, alpha });
    // The queries of a group lie one after the other, each with all tokens: the mask fits once they are apart.
    const masked = g.add(g.reshape(amongNew, [1, heads, 'tokens', 'tokens']), mask);
    const scores = g.concat([toPast, g.reshape(masked, [1, kvHeads, grouped, 'tokens'])], 3);
    const p = g.op(softmax, [scores]);
    const past = g.dimension('past');
    const out = g.add(
      g.matmul(part(p, g.indices(0), past, 'past'), pastValue),
      g.matmul(part(p, past, g.add(past, g.dimension('tokens')), 'tokens'), value),
    );
    const joined = g.transpose(g.reshape(out, [1, heads, 'tokens', headDim]), [0, 2, 1, 3]);
    return g.reshape(joined, ['tokens', heads * headDim]);
  };
}
