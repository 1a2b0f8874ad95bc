import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate, given, type Input } from '../../test/gradient.ts';
import { modelFixture } from '../../test/fixtures/read.ts';
import { batchOf, oneStep, randomTheta } from '../../test/step.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { Graph } from '../graph/graph.ts';
import { layoutOf } from '../layout.ts';
import { unadapted } from '../models/adaptation.ts';
import { bindOne } from '../models/binding.ts';
import { openBase } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { Network } from '../models/network.ts';
import { dropoutNoise } from '../train/noise.ts';
import type { Value } from '../graph/value.ts';
import { fp32 } from '../weights/fp32.ts';
import { dropout } from './dropout.ts';
import { lora } from './lora.ts';
import type { Method } from './method.ts';
import { FIRST_OPTIONS } from './options.ts';
import { vera } from './vera.ts';

const [rows, columns] = [200, 50];
const network = (g: Graph, noise?: Value) =>
  new Network(g, {
    format: fp32,
    adaptation: unadapted,
    shapeOf: () => [],
    trained: bindOne(g, layoutOf([])),
    tokens: 1,
    differentiable: true,
    ...(noise ? { noise } : {}),
  });

/** Ones that went through dropout. */
async function dropped(probability: number, { path = 'layer', seed = 0 } = {}): Promise<number[]> {
  const noise: Input = { type: 'int64', dims: [rows], shape: ['tokens'], data: dropoutNoise(seed, 1, 0, rows) };
  const x = given([rows, columns], new Array<number>(rows * columns).fill(1), ['tokens', columns]);
  const [result] = await evaluate((g, { x, noise }) => dropout(network(g, noise), path, x!, probability), { x, noise });
  return result!.values;
}

test('elements are dropped as often as asked, in every row and column, and the rest makes up for them', async () => {
  for (const probability of [0.1, 0.5, 0.9]) {
    const values = await dropped(probability);
    const scale = Math.fround(1 / (1 - probability));
    assert.deepEqual(new Set(values), new Set([0, scale]));
    const near = (part: number[], tolerance: number) => {
      const mean = part.reduce((a, b) => a + b, 0) / part.length;
      // Five standard deviations of a mean of that many draws.
      assert.ok(
        Math.abs(mean - 1) < tolerance * Math.sqrt((scale - 1) / part.length),
        `mean ${mean} at ${probability}`,
      );
    };
    near(values, 5);
    for (let c = 0; c < columns; c++)
      near(
        values.filter((_, i) => i % columns === c),
        6,
      );
    for (let r = 0; r < rows; r++) near(values.slice(r * columns, (r + 1) * columns), 6);
  }
});

test('the same seed and layer drop the same elements; another of either drops others, unrelated ones', async () => {
  const first = await dropped(0.5);
  assert.deepEqual(await dropped(0.5), first);
  for (const other of [await dropped(0.5, { path: 'another' }), await dropped(0.5, { seed: 1 })]) {
    const same = other.filter((v, i) => v === first[i]).length / other.length;
    assert.ok(Math.abs(same - 0.5) < 0.03, String(same));
  }
});

test('without noise, or with probability 0, it is x itself', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['tokens', 4]);
  assert.equal(dropout(network(g), 'layer', x, 0.5), x);
  assert.equal(dropout(network(g, g.input('noise', 'int64', ['tokens'])), 'layer', x, 0), x);
  assert.equal(g.nodes.length, 0);
});

test('a step with dropout is repeated bit by bit by its noise, on average near the step without, and evaluation has none', async () => {
  const cache = temporaryFolder();
  const fixture = modelFixture('llama');
  const base = openBase(fixture.dir, cache);
  const batch = batchOf([fixture.ids[0]!]);
  const methods: [Method, number][] = [
    [vera, 8],
    [lora, 4],
  ];
  for (const [method, rank] of methods) {
    const adaptation = method.create(
      linearSites(base.config),
      { ...FIRST_OPTIONS, rank, alpha: rank, dropout: 0.2 },
      [],
    );
    const options = { base, cache, adaptation, theta: randomTheta(adaptation, 0.1), batch };
    const noise = (step: number) => dropoutNoise(3, step, 0, batch.ids.length);
    const one = await oneStep({ ...options, noise: noise(1) });
    assert.deepEqual(await oneStep({ ...options, noise: noise(1) }), one);
    assert.notDeepEqual((await oneStep({ ...options, noise: noise(2) })).gradient, one.gradient);
    const plain = await oneStep(options);
    assert.notEqual(plain.loss, one.loss);
    assert.ok(Math.abs(one.loss / plain.loss - 1) < 0.2);
    assert.equal(
      (await oneStep({ ...options, train: false, noise: noise(1) })).loss,
      (await oneStep({ ...options, train: false })).loss,
    );
  }
});
