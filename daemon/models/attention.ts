import type { Graph } from '../graph/graph.ts';
import { and } from '../graph/ops/and.ts';
import { attention } from '../graph/ops/attention.ts';
import { equal } from '../graph/ops/equal.ts';
import { greaterOrEqual } from '../graph/ops/greaterOrEqual.ts';
import { rotaryEmbedding } from '../graph/ops/rotaryEmbedding.ts';
import { where } from '../graph/ops/where.ts';
import type { Value } from '../graph/value.ts';
import type { LlamaConfig } from './config.ts';
import type { Attend } from './llama.ts';
import { rotaryTables } from './rotary.ts';

/** What is added to a score that must not count; its exponential is zero in float32. */
const MASKED = -1e9;

/**
 * Causal attention over rows that may hold several examples: a position attends to positions not after it of its own segment.
 * positions, segments: [batch, length] int64. Grouped queries share keys and values (arXiv 2305.13245).
 */
export function packedAttention(
  g: Graph,
  config: LlamaConfig,
  positions: Value,
  segments: Value,
  maxLength: number,
): Attend {
  const { heads, kvHeads, headDim } = config;
  const group = heads / kvHeads;
  const groupedLength = group === 1 ? 'length' : `${String(group)}*length`;
  const tables = rotaryTables(config, maxLength);
  const table = (data: Float32Array): Value => g.constant(data, [maxLength, headDim / 2]);
  const angles = [positions, table(tables.cos), table(tables.sin), table(tables.minusSin)];
  const column = (x: Value): Value => g.reshape(x, ['batch', 1, 'length', 1]);
  const row = (x: Value): Value => g.reshape(x, ['batch', 1, 1, 'length']);
  const visible = g.op(and, [
    g.op(equal, [column(segments), row(segments)]),
    g.op(greaterOrEqual, [column(positions), row(positions)]),
  ]);
  const mask = g.op(where, [visible, g.scalar(0), g.scalar(MASKED)]);
  const split = (x: Value, count: number): Value =>
    g.transpose(g.reshape(x, ['batch', 'length', count, headDim]), [0, 2, 1, 3]);
  return (_, q, k, v) => {
    const rotated = (x: Value, count: number): Value => g.op(rotaryEmbedding, [split(x, count), ...angles]);
    const byGroup = (x: Value): Value => g.reshape(x, ['batch', kvHeads, groupedLength, headDim]);
    const out = g.op(attention, [byGroup(rotated(q, heads)), rotated(k, kvHeads), split(v, kvHeads), mask], {
      heads,
      scale: { float: headDim ** -0.5 },
    });
    const joined = g.transpose(g.reshape(out, ['batch', heads, 'length', headDim]), [0, 2, 1, 3]);
    return g.reshape(joined, ['tokens', heads * headDim]);
  };
}
