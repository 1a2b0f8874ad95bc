import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { silu } from '../graph/ops/silu.ts';
import { tensorScatter } from '../graph/ops/tensorScatter.ts';
import { cpu } from './cpu.ts';
import { type Feeds, type Loaded, noWeights, type PlainTensor } from './executor.ts';

const vector = (...values: number[]): PlainTensor => ({
  type: 'float32',
  data: Float32Array.from(values),
  dims: [values.length],
});

/** y = a x and z = a + x. */
function load(lanes: number): Promise<Loaded> {
  const g = new Graph();
  const [a, x] = [g.input('a', 'float32', [1]), g.input('x', 'float32', ['n'])];
  g.output('y', g.mul(a, x));
  g.output('z', g.add(a, x));
  return cpu.load(g, noWeights, { lanes, threads: lanes });
}

const numbers = (results: Record<string, Float32Array>, name: string): number[] => [...results[name]!];

test('a run in place writes its outputs into the memory that it is given, also into that of a cache which it is fed', async () => {
  const g = new Graph();
  const cache = g.input('cache', 'float32', ['batch', 'room', 1]);
  const entries = g.input('entries', 'float32', ['batch', 'length', 1]);
  const more = g.op(tensorScatter, [cache, entries, g.input('places', 'int64', ['batch'])], { axis: 1 });
  g.output('more', more);
  g.output('sum', g.reduceSum(more, [1, 2]));
  const graph = await cpu.load(g, noWeights, { threads: 1, inPlace: true });
  const memory = { type: 'float32', data: Float32Array.of(1, 2, 3, 4), dims: [1, 4, 1] } as const;
  const feeds = (place: number): Feeds => ({
    cache: memory,
    entries: { ...vector(5, 6), dims: [1, 2, 1] },
    places: { type: 'int64', data: BigInt64Array.of(BigInt(place)), dims: [1] },
  });
  const sum = vector(0);
  await graph.runInto(feeds(1), { more: memory, sum });
  assert.deepEqual([...memory.data, ...sum.data], [1, 5, 6, 4, 16]);
  await assert.rejects(graph.runInto(feeds(3), { more: memory, sum }), /exceeds/);
  await graph.release();
});

for (const lanes of [1, 3]) {
  test(`${lanes} lanes give the results in the order of the jobs`, async () => {
    const graph = await load(lanes);
    graph.keep({ a: vector(2) });
    const results = await graph.runAll(Array.from({ length: 20 }, (_, i) => ({ x: vector(i, i + 1) })));
    assert.deepEqual(
      results.map((one) => numbers(one, 'y')),
      Array.from({ length: 20 }, (_, i) => [2 * i, 2 * i + 2]),
    );
    await graph.release();
  });

  test(`${lanes} lanes: a kept tensor stays until it is replaced or freed, and a given one comes before it`, async () => {
    const graph = await load(lanes);
    graph.keep({ a: vector(2) });
    assert.deepEqual(numbers(await graph.run({ x: vector(4) }), 'y'), [8]);
    assert.deepEqual(numbers(await graph.run({ x: vector(4), a: vector(5) }), 'y'), [20]);
    graph.keep({ a: vector(3) });
    assert.deepEqual(numbers(await graph.run({ x: vector(4) }), 'y'), [12]);
    graph.free('a');
    await assert.rejects(graph.run({ x: vector(4) }));
    await graph.release();
  });

  test(`${lanes} lanes: only what is asked for is fetched`, async () => {
    const graph = await load(lanes);
    const feeds = { a: vector(2), x: vector(4) };
    assert.deepEqual(Object.keys(await graph.run(feeds, ['z'])), ['z']);
    assert.deepEqual(Object.keys(await graph.run(feeds)).sort(), ['y', 'z']);
    await graph.release();
  });

  test(`${lanes} lanes: a run that fails is an error, and the lanes continue`, async () => {
    const graph = await load(lanes);
    await assert.rejects(graph.run({ wrong: vector(1) }));
    assert.deepEqual(numbers(await graph.run({ a: vector(2), x: vector(4) }), 'y'), [8]);
    await graph.release();
  });
}

test('a graph that cannot be loaded is an error of whichever thread tried', async () => {
  const g = new Graph();
  // ONNX has no such operator under this name until the graph is lowered.
  g.output('y', g.op(silu, [g.input('x', 'float32', ['n'])]));
  for (const lanes of [1, 2])
    await assert.rejects(cpu.load(g, noWeights, { lanes, threads: lanes }), { name: 'VeraError', code: 'runtime' });
});
