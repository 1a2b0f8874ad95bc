import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { modelNames } from '../../test/fixtures/read.ts';
import { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/gemm.ts';
import { identity } from '../graph/ops/identity.ts';
import { loop } from '../graph/ops/loop.ts';
import { quantizedLinear } from '../graph/ops/quantizedLinear.ts';
import { sigmoid } from '../graph/ops/sigmoid.ts';
import { lower } from '../graph/passes/lower.ts';
import type { Value } from '../graph/value.ts';
import { FIRST_OPTIONS } from '../methods/options.ts';
import { vera } from '../methods/vera.ts';
import { lora } from '../methods/lora.ts';
import { readConfig } from '../models/config.ts';
import { linearSites } from '../models/registry.ts';
import { openTensors } from '../formats/shards.ts';
import { tensorShapes } from '../models/tensors.ts';
import { memoryEstimate, secondsEstimate, stepFootprint } from './estimate.ts';
import { type Footprint, footprint } from './footprint.ts';

const MODELS = join(import.meta.dirname, '../../test/fixtures/models');

test('a chain worked out by hand: products, traffic and the most memory at once', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['tokens', 4]);
  const w = g.external('f32:w', 'float32', [8, 4]);
  const a = g.linear(x, w); // [tokens, 8]
  const b = g.op(sigmoid, [a]);
  const c = g.op(sigmoid, [g.reshape(b, ['tokens', 2, 4])]);
  g.output('c', c);
  const tokens = 10;
  const made = footprint(g, { tokens });
  assert.deepEqual(made.operations, { float32: 2 * tokens * 8 * 4 });
  assert.equal(made.weightBytes, 4 * 8 * 4);
  const one = 4 * tokens * 8;
  // The reshape is a view; a is gone before c is made.
  assert.equal(made.peakBytes, 2 * one);
  // Each Sigmoid reads and writes; putting the new shape together moves seven numbers of 8 bytes.
  assert.equal(made.trafficBytes, 4 * one + 7 * 8);
});

test('products count by their sizes and type, whichever factor is transposed', () => {
  const work = (build: (g: Graph, x: Value) => Value): Footprint['operations'] => {
    const g = new Graph();
    g.output('y', build(g, g.input('x', 'float32', ['tokens', 4])));
    return footprint(lower(g), { tokens: 10 }).operations;
  };
  assert.deepEqual(
    work((g, x) => g.linear(x, g.external('w', 'float32', [8, 4]))),
    { float32: 2 * 10 * 8 * 4 },
  );
  assert.deepEqual(
    work((g, x) => g.op(gemm, [x, x], { transA: 1 })),
    { float32: 2 * 4 * 4 * 10 },
  );
  assert.deepEqual(
    work((g, x) => g.matmul(x, x, { transB: true })),
    { float32: 2 * 10 * 10 * 4 },
  );
  assert.deepEqual(
    work((g, x) => g.matmul(x, x, { transA: true })),
    { float32: 2 * 4 * 4 * 10 },
  );
  const copies = (g: Graph): Value[] => [g.external('q', 'int8', [4, 8]), g.external('s', 'float32', [8])];
  assert.deepEqual(
    work((g, x) => g.op(quantizedLinear, [x, ...copies(g), ...copies(g)])),
    { int8: 2 * 10 * 8 * 4 },
  );
});

test('a gather reads only the rows it returns; a loop counts its body once per round', () => {
  const gathered = new Graph();
  gathered.output('y', gathered.gather(gathered.input('table', 'float32', [1000, 4]), gathered.indices(3, 7)));
  assert.equal(footprint(gathered, {}).trafficBytes, 4 * 2 * 4);
  const g = new Graph();
  const x = g.input('x', 'float32', [4]);
  const carried = [
    { type: 'int64', shape: [] },
    { type: 'bool', shape: [] },
    { type: 'float32', shape: [4] },
  ] as const;
  const body = g.body(carried, (inner, [, go, sum]) => [inner.op(identity, [go!]), inner.add(sum!, x)]);
  g.output(
    'sum',
    g.op(loop, [g.constant(BigInt64Array.of(3n), []), undefined, x], { body: { body }, $rounds: 'rounds' }),
  );
  assert.equal(footprint(g, { rounds: 3 }).trafficBytes, 3 * 3 * 4 * 4);
});

for (const name of modelNames()) {
  test(`tensor shapes from the config are those of the checkpoint: ${name}`, () => {
    const dir = join(MODELS, name);
    const stored = [...openTensors(dir)].map(([tensor, { shape }]) => [tensor, shape] as const);
    const expected = tensorShapes(readConfig(dir));
    assert.deepEqual(
      Object.fromEntries(expected),
      Object.fromEntries(stored.map(([tensor, shape]) => [tensor, [...shape]])),
    );
  });
}

test('the estimate follows batch, length, rank and precision as it must', () => {
  const config = readConfig(join(MODELS, 'llama'));
  const sites = linearSites(config);
  const at = (rank: number, batch: number, length: number, precision = 'fp32') =>
    stepFootprint(config, vera.create(sites, { ...FIRST_OPTIONS, rank }, []), { precision, batch, length });
  const base = at(4, 2, 32);
  const wide = at(4, 4, 32);
  assert.ok(wide.operations.float32! > base.operations.float32! && wide.peakBytes > base.peakBytes);
  assert.equal(wide.weightBytes, base.weightBytes);
  assert.ok(at(4, 2, 64).peakBytes > base.peakBytes);
  assert.ok(at(64, 2, 32).constantBytes > base.constantBytes);
  const int8 = at(4, 2, 32, 'int8');
  assert.ok(int8.operations.int8! > int8.operations.float32! / 10);
  assert.equal(base.operations.int8, undefined);

  // Forward and backward of the frozen layers and the head are at least 4 operations a weight and token.
  const weights = sites.reduce((sum, { dIn, dOut }) => sum + dIn * dOut, 0);
  assert.ok(base.operations.float32! > 3 * 2 * 32 * weights);
  const other = stepFootprint(config, lora.create(sites, { ...FIRST_OPTIONS, rank: 4, alpha: 4 }, []), {
    precision: 'fp32',
    batch: 2,
    length: 32,
  });
  assert.ok(other.peakBytes > 0 && other.operations.float32! > 3 * 2 * 32 * weights);

  const memory = memoryEstimate(base, 100);
  const { total, ...terms } = memory;
  assert.equal(
    total,
    Object.values(terms).reduce((sum, bytes) => sum + bytes, 0),
  );
  assert.equal(terms.trainable, 1600);
  const rates = { operations: { float32: 1e9 }, trafficBytes: 1e9 };
  assert.equal(secondsEstimate(base, rates), base.trafficBytes / 1e9 + base.operations.float32! / 1e9);
  assert.throws(() => secondsEstimate(int8, rates), /int8 was not measured/);
});
