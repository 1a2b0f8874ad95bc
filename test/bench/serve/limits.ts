/** What this machine could do at best, measured in the same run. */
import { Graph } from '../../../daemon/graph/graph.ts';
import { reduceMax } from '../../../daemon/graph/ops/reduceMax.ts';
import type { BaseModel } from '../../../daemon/models/base.ts';
import { linearSites } from '../../../daemon/models/registry.ts';
import { cpu } from '../../../daemon/runtime/cpu.ts';
import { noWeights } from '../../../daemon/runtime/executor.ts';
import { measureThroughput } from '../../../daemon/train/throughput.ts';
import { weightFormat } from '../../../daemon/weights/registry.ts';

export interface Limits {
  /** Bytes per second that the processor reads from memory. */
  readonly bandwidth: number;
  /** Multiplications and additions per second of the weight format's products. */
  readonly operations: number;
  /** Tokens per second of a prompt, if reading it were nothing but matrix products. */
  readonly prefill: number;
  /** Tokens per second of so many rows that generate, each after `context` tokens, if weights and caches only had to be read once for each step. */
  decode(rows: number, context: number): number;
}

const ROWS = 64;
const COLUMNS = 1 << 21; // 512 MB together: more than any processor's own memory holds
const TIME = 300;

async function memoryBandwidth(threads: number): Promise<number> {
  const g = new Graph();
  const x = g.input('x', 'float32', [ROWS, COLUMNS]);
  g.output('y', g.op(reduceMax, [x, g.indices(1)], { $axes: [1], keepdims: 0 }));
  const graph = await cpu.load(g, noWeights, { threads });
  try {
    // Memory that was never written is one page of zeros, which the processor need not read.
    const data = new Float32Array(ROWS * COLUMNS).fill(1);
    const feeds = { x: { type: 'float32', data, dims: [ROWS, COLUMNS] } } as const;
    await graph.run(feeds);
    let least = Infinity;
    for (const begin = performance.now(); performance.now() - begin < TIME;) {
      const start = performance.now();
      await graph.run(feeds);
      least = Math.min(least, performance.now() - start);
    }
    return (4 * ROWS * COLUMNS * 1000) / least;
  } finally {
    await graph.release();
  }
}

export async function measureLimits(base: BaseModel, precision: string, threads: number): Promise<Limits> {
  const format = weightFormat(precision);
  const { layers, kvHeads, headDim, vocabulary, hidden } = base.config;
  const body = linearSites(base.config).reduce((sum, { dIn, dOut }) => sum + dIn * dOut, 0);
  const whole = body + vocabulary * hidden;
  const operations = (await measureThroughput(precision, threads)).operations[format.products]!;
  const bandwidth = await memoryBandwidth(threads);
  return {
    ...{ bandwidth, operations },
    prefill: operations / (2 * body),
    decode(rows, context) {
      const bytes = whole * (precision === 'fp32' ? 4 : 1) + rows * context * layers * 2 * kvHeads * headDim * 4;
      return rows / Math.max(bytes / bandwidth, (2 * whole * rows) / operations);
    },
  };
}
