import { Graph } from '../graph/graph.ts';
import { reduceMax } from '../graph/ops/reduceMax.ts';
import type { Product, Value } from '../graph/value.ts';
import { fp32 } from '../weights/fp32.ts';
import { weightFormat } from '../weights/registry.ts';
import type { Operations } from './footprint.ts';
import { cpu } from '../runtime/cpu.ts';
import { type Feeds, noWeights } from '../runtime/executor.ts';

/** What this machine was measured to do per second. */
export interface Throughput {
  /** Multiplications and additions of products, by the type of the numbers: float32, and that of the weight format. */
  readonly operations: Operations;
  /** Bytes that an element-wise operator reads and writes. */
  readonly trafficBytes: number;
}

const ROWS = 512;
const WIDTH = 768;
const VECTOR = 1 << 20;
const PASSES = 3; // the sum reads and writes, the largest element reads
/** Milliseconds of each measurement. */
const TIME = 100;

/**
 * Measures products of [512, 768] x [768, 768] and a sum of a million numbers, each for a tenth of a second. Products in float32
 * are always among them: attention and the loss's gradient have them in every weight format.
 */
export async function measureThroughput(precision: string, threads?: number): Promise<Throughput> {
  const weight = Float32Array.from({ length: WIDTH * WIDTH }, (_, i) => Math.sin(i));
  const matrix = { data: weight, rows: WIDTH, columns: WIDTH };
  const operations: Record<Product['type'], number> = {};
  for (const format of new Set([fp32, weightFormat(precision)])) {
    const products = await rate([ROWS, WIDTH], (g, x) => format.measured(g, matrix, x), threads);
    operations[format.products] = 2 * ROWS * WIDTH * WIDTH * products;
  }
  const sum = await rate([VECTOR], (g, x) => g.add(x, x), threads);
  return { operations, trafficBytes: PASSES * 4 * VECTOR * sum };
}

/**
 * The relative error of a product of the largest values. Processors without instructions for whole-number products of 8 bits add
 * pairs of them in 16 bits, which overflows.
 */
export async function measureExactness(precision: string): Promise<number> {
  const matrix = { data: new Float32Array(WIDTH * WIDTH).fill(1), rows: WIDTH, columns: WIDTH };
  const largest = await firstOf([ROWS, WIDTH], (g, x) => weightFormat(precision).measured(g, matrix, x), 1);
  return Math.abs(largest / WIDTH - 1);
}

/** The largest element of what an operator makes of a constant. */
async function firstOf(shape: number[], build: (g: Graph, x: Value) => Value, value: number): Promise<number> {
  const graph = await loadLargest(shape, build, {});
  try {
    const size = shape.reduce((a, b) => a * b, 1);
    const { y } = await graph.run({ x: { type: 'float32', data: new Float32Array(size).fill(value), dims: shape } });
    return y![0]!;
  } finally {
    await graph.release();
  }
}

/** Only the largest element is fetched, so the time to copy the whole result is not measured. */
function loadLargest(shape: number[], build: (g: Graph, x: Value) => Value, session: { threads?: number }) {
  const g = new Graph();
  const y = build(g, g.input('x', 'float32', shape));
  g.output('y', g.op(reduceMax, [y, g.indices(...shape.keys())], { $axes: [...shape.keys()], keepdims: 0 }));
  return cpu.load(g, noWeights, session);
}

/** How often an operator with one input runs per second. Its result is read once more, to find the largest element. */
async function rate(shape: number[], build: (g: Graph, x: Value) => Value, threads?: number): Promise<number> {
  const graph = await loadLargest(shape, build, threads === undefined ? {} : { threads });
  try {
    const size = shape.reduce((a, b) => a * b, 1);
    const feeds: Feeds = { x: { type: 'float32', data: new Float32Array(size).fill(0.5), dims: shape } };
    await graph.run(feeds);
    const begin = performance.now();
    let least = Infinity; // the fastest run is the one that other processes disturbed least
    do {
      const start = performance.now();
      await graph.run(feeds);
      least = Math.min(least, performance.now() - start);
    } while (performance.now() - begin < TIME);
    return 1000 / least;
  } finally {
    await graph.release();
  }
}
