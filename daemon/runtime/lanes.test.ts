import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { type Feeds, Lanes } from './lanes.ts';
import { modelBytes } from './session.ts';

/** y = 2 x, and its bytes. */
function doubling(): Uint8Array {
  const g = new Graph();
  g.output('y', g.mul(g.input('x', 'float32', ['n']), g.scalar(2)));
  return modelBytes(g, () => {
    throw new Error('no weights');
  });
}

const job = (...data: number[]): Feeds => ({
  x: { type: 'float32', data: Float32Array.from(data), dims: [data.length] },
});

for (const count of [1, 3]) {
  test(`${String(count)} lanes give the results in the order of the jobs`, async () => {
    const lanes = await Lanes.create(doubling(), count, { threads: 1 });
    const results = await lanes.run(Array.from({ length: 20 }, (_, i) => job(i, i + 1)));
    assert.deepEqual(
      results.map(({ y }) => [...(y as Float32Array)]),
      Array.from({ length: 20 }, (_, i) => [2 * i, 2 * i + 2]),
    );
    await lanes.release();
  });

  test(`${String(count)} lanes: a run that fails is an error, and the lanes go on`, async () => {
    const lanes = await Lanes.create(doubling(), count, { threads: 1 });
    await assert.rejects(lanes.run([{ wrong: { type: 'float32', data: Float32Array.of(1), dims: [1] } }]));
    assert.deepEqual([...((await lanes.run([job(4)]))[0]?.['y'] as Float32Array)], [8]);
    await lanes.release();
  });
}

test('a model that cannot be loaded is an error of the thread that tried', async () => {
  await assert.rejects(Lanes.create(Uint8Array.of(1, 2, 3), 2, { threads: 1 }), { name: 'VeraError', code: 'runtime' });
});
