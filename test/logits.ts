/** Logits of every position by the forward pass that training uses, as tests compare them. */
import { Graph } from '../daemon/graph/graph.ts';
import { deadCode } from '../daemon/graph/passes/deadCode.ts';
import { lower } from '../daemon/graph/passes/lower.ts';
import { layoutOf } from '../daemon/layout.ts';
import { type Adaptation, unadapted } from '../daemon/models/adaptation.ts';
import { packedAttention } from '../daemon/models/attention.ts';
import { type BaseModel, shapeOf } from '../daemon/models/base.ts';
import { bindOne } from '../daemon/models/binding.ts';
import { finalNorm, headWeight, llama } from '../daemon/models/llama.ts';
import { Network, type Precision } from '../daemon/models/network.ts';
import { weightLocator } from '../daemon/weights/locate.ts';
import { weightFormat } from '../daemon/weights/registry.ts';
import { createSession, Tensor } from '../daemon/runtime/session.ts';

export interface Forward {
  readonly base: BaseModel;
  readonly cache: string;
  readonly adaptation?: Adaptation;
  readonly theta?: Float32Array;
  readonly precision?: Precision;
  readonly tokens?: number;
}

/** A row as the forward pass takes it; positions and segments are those of one example unless given. */
export interface Row {
  readonly ids: readonly number[];
  readonly positions?: readonly number[];
  readonly segments?: readonly number[];
}

/** Logits of each row, [tokens, vocabulary] row-major. */
export async function logits(options: Forward, rows: readonly Row[]): Promise<Float32Array[]> {
  const { base, cache, adaptation = unadapted, theta = new Float32Array(), precision = 'fp32' } = options;
  const maxLength = Math.max(...rows.map(({ ids }) => ids.length));
  const g = new Graph();
  const ids = g.input('ids', 'int64', ['tokens']);
  const positions = g.input('positions', 'int64', ['batch', 'length']);
  const segments = g.input('segments', 'int64', ['batch', 'length']);
  const net = new Network(g, {
    format: weightFormat(precision),
    adaptation,
    shapeOf: (name) => shapeOf(base, name),
    trained: bindOne(g, layoutOf(adaptation.parameters)),
    tokens: options.tokens ?? 1,
    differentiable: false,
  });
  const hidden = llama(net, base.config, ids, packedAttention(g, base.config, positions, segments, maxLength));
  g.output('logits', g.linear(finalNorm(net, base.config, hidden), net.weight(headWeight(base.config))));
  const session = await createSession(deadCode(lower(g)), weightLocator(base, cache), { threads: 1 });
  const feeds: Record<string, Tensor> = {};
  if (theta.length > 0) feeds['theta'] = new Tensor('float32', theta, [theta.length]);
  const out: Float32Array[] = [];
  for (const row of rows) {
    const int64 = (values: readonly number[], dims: number[]) =>
      new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
    const { length } = row.ids;
    const results = await session.run({
      ...feeds,
      ids: int64(row.ids, [length]),
      positions: int64(row.positions ?? row.ids.map((_, i) => i), [1, length]),
      segments: int64(row.segments ?? row.ids.map(() => 1), [1, length]),
    });
    out.push(results['logits']!.data as Float32Array);
  }
  await session.release();
  return out;
}

/** The largest absolute difference of two vectors of one length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    // A NaN is the largest difference there is.
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

/** The cosine of the angle between two vectors. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return ab / Math.sqrt(aa * bb);
}
