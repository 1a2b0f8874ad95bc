/** Runs small graphs on onnxruntime, and compares the gradients of their operators with finite differences. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gradients } from '../daemon/graph/autodiff.ts';
import { Graph } from '../daemon/graph/graph.ts';
import { deadCode } from '../daemon/graph/passes/deadCode.ts';
import { lower } from '../daemon/graph/passes/lower.ts';
import type { ElementType, Shape, Value } from '../daemon/graph/value.ts';
import { seededUniform } from '../daemon/methods/random.ts';
import { createSession, type Session, Tensor } from '../daemon/runtime/session.ts';

export interface Input {
  readonly type: ElementType;
  /** The sizes of the data. The graph sees `shape`, in which some may be symbolic. */
  readonly dims: readonly number[];
  readonly shape: Shape;
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint32Array | Uint8Array | Int8Array;
}
export type Inputs = Readonly<Record<string, Input>>;
type Build = (g: Graph, inputs: Record<string, Value>) => Value;

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
let made = 0;

/** Random numbers in [from, to). `shape` is the shape in the graph if some of its dimensions are symbolic. */
export function floats(
  dims: number[],
  { from = -1, to = 1, shape = dims }: { from?: number; to?: number; shape?: Shape } = {},
): Input {
  const middle = (from + to) / 2;
  const data = seededUniform(`input ${++made}`, count(dims), (to - from) / 2).map((v) => v + middle);
  return { type: 'float32', dims, shape, data };
}

export const given = (dims: number[], values: readonly number[], shape: Shape = dims): Input => ({
  type: 'float32',
  dims,
  shape,
  data: Float32Array.from(values),
});
export const int64 = (dims: number[], values: readonly number[], shape: Shape = dims): Input => ({
  type: 'int64',
  dims,
  shape,
  data: BigInt64Array.from(values, BigInt),
});
export const bool = (dims: number[], values: readonly number[]): Input => ({
  type: 'bool',
  dims,
  shape: dims,
  data: Uint8Array.from(values),
});

const tensorOf = ({ type, data, dims }: Input): Tensor =>
  new Tensor(type as 'float32', data as Float32Array, [...dims]);
const declare = (g: Graph, inputs: Inputs): Record<string, Value> =>
  Object.fromEntries(Object.entries(inputs).map(([name, { type, shape }]) => [name, g.input(name, type, shape)]));

/** A session for a graph that has no weights in files. */
export const sessionOf = (g: Graph): Promise<Session> =>
  createSession(deadCode(lower(g)), (key) => assert.fail(`weight ${key} lies in no file`), { threads: 1 });

/** Runs a graph and returns the numbers and sizes of every output. */
export async function evaluate(
  build: (g: Graph, inputs: Record<string, Value>) => Value | readonly Value[],
  inputs: Inputs,
): Promise<{ values: number[]; dims: readonly number[]; shape: Shape }[]> {
  const g = new Graph();
  const built = build(g, declare(g, inputs));
  const outputs = 'name' in built ? [built] : built;
  outputs.forEach((value, i) => g.output(`of ${i}`, value));
  const session = await sessionOf(g);
  try {
    const results = await session.run(
      Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensorOf(input)])),
    );
    return outputs.map(({ shape }, i) => {
      const { data, dims } = results[`of ${i}`] as Tensor;
      return { values: Array.from(data as Float32Array, Number), dims, shape };
    });
  } finally {
    await session.release();
  }
}

/** A test that an operator computes these numbers (within 1e-5) and has these sizes. */
export function computes(
  name: string,
  build: Build,
  inputs: Inputs,
  expected: readonly number[],
  dims?: readonly number[],
): void {
  test(name, async () => {
    const [result] = await evaluate(build, inputs);
    assert.equal(result!.values.length, expected.length, `${result!.values.join()} and ${expected.join()}`);
    result!.values.forEach((v, i) =>
      assert.ok(
        Math.abs(v - expected[i]!) <= 1e-5 * Math.max(1, Math.abs(v)),
        `element ${i}: ${v}, not ${expected[i]}`,
      ),
    );
    if (dims) assert.deepEqual(result!.dims, dims);
  });
}

export interface GradientOptions {
  /** Step of the finite difference. */
  readonly step?: number;
  /** The allowed difference, relative to the derivative or to 1, whichever is larger. */
  readonly tolerance?: number;
  /** Names of float inputs whose gradient is not checked. */
  readonly frozen?: readonly string[];
}

/** A test that the gradient of every float input agrees with finite differences. See `checkGradient`. */
export function differentiates(name: string, build: Build, inputs: Inputs, options: GradientOptions = {}): void {
  test(name, () => checkGradient(build, inputs, options));
}

/**
 * Compares the gradient of sum(output * fixed random numbers) with central differences, for every element of every input. The
 * graph runs in float32; the sum for the differences is computed here in float64.
 */
export async function checkGradient(
  build: Build,
  inputs: Inputs,
  { step = 1e-2, tolerance = 2e-3, frozen = [] }: GradientOptions = {},
): Promise<void> {
  const [output] = await evaluate(build, inputs);
  assert.equal(output!.shape.length, output!.dims.length, 'the inferred rank is the real one');
  output!.shape.forEach(
    (dim, i) => typeof dim === 'number' && assert.equal(output!.dims[i], dim, 'the inferred shape is the real one'),
  );
  const factors = floats([...output!.dims], { shape: output!.shape });
  const wrt = Object.keys(inputs).filter((name) => inputs[name]!.type === 'float32' && !frozen.includes(name));

  const forward = new Graph();
  forward.output('of forward', build(forward, declare(forward, inputs)));
  const both = new Graph();
  const declared = declare(both, inputs);
  const weights = both.input('the factors', 'float32', factors.shape);
  const y = build(both, declared);
  const loss = both.reduceSum(
    both.mul(y, weights),
    y.shape.map((_, i) => i),
  );
  const { of } = gradients(
    both,
    loss,
    wrt.map((name) => declared[name]!),
  );
  of.forEach((value, i) => value && both.output(`of ${wrt[i]}`, value));

  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensorOf(input)]));
  const [plain, differentiated] = [await sessionOf(forward), await sessionOf(both)];
  try {
    const results = await differentiated.run({ ...feeds, 'the factors': tensorOf(factors) });
    const lossAt = async (): Promise<number> => {
      const results = await plain.run(feeds);
      return Array.from(results['of forward']!.data as Float32Array).reduce(
        (sum, v, i) => sum + v * (factors.data[i] as number),
        0,
      );
    };
    for (const [k, name] of wrt.entries()) {
      const { data, dims } = inputs[name] as Input & { data: Float32Array };
      const exact = of[k] && (results[`of ${name}`] as Tensor);
      if (exact) assert.deepEqual([...exact.dims], [...dims], `the gradient of ${name} has the shape of ${name}`);
      for (let i = 0; i < data.length; i++) {
        const middle = data[i]!;
        data[i] = middle + step;
        const [right, above] = [data[i]!, await lossAt()];
        data[i] = middle - step;
        const [left, below] = [data[i]!, await lossAt()];
        data[i] = middle;
        const wanted = (above - below) / (right - left);
        const got = exact ? (exact.data[i] as number) : 0;
        assert.ok(
          Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted)),
          `d ${name}[${i}] is ${got}, finite differences give ${wanted}`,
        );
      }
    }
  } finally {
    await plain.release();
    await differentiated.release();
  }
}
