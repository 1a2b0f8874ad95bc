import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computes, differentiates, evaluate, floats, given, int64 } from '../../../test/gradient.ts';
import { gradients } from '../autodiff.ts';
import { Graph } from '../graph.ts';

const table = given([3, 2], [1, 2, 3, 4, 5, 6]);
computes(
  'Gather: rows',
  (g, { table, indices }) => g.gather(table!, indices!),
  { table, indices: int64([2], [2, 0]) },
  [5, 6, 1, 2],
  [2, 2],
);
differentiates(
  'Gather: rows taken several times and not at all',
  (g, { table, indices }) => g.gather(table!, indices!),
  { table: floats([4, 3]), indices: int64([5], [2, 0, 2, 2, 1]) },
);
differentiates(
  'Gather: a vector, a symbolic number of indices',
  (g, { table, indices }) => g.gather(table!, indices!),
  { table: floats([4]), indices: int64([3], [3, 3, 0], ['m']) },
);

test('Gather: the gradient has the same bits each time', async () => {
  const inputs = {
    table: floats([3, 8]),
    indices: int64(
      [64],
      Array.from({ length: 64 }, (_, i) => (i * 7) % 3),
    ),
    dy: floats([64, 8]),
  };
  const runs = [];
  for (let i = 0; i < 4; i++) {
    const [result] = await evaluate((g, { table, indices, dy }) => {
      const loss = g.reduceSum(g.mul(g.gather(table!, indices!), dy!), [0, 1]);
      return gradients(g, loss, [table!]).of[0]!;
    }, inputs);
    runs.push(result!.values);
  }
  for (const run of runs) assert.deepEqual(run, runs[0]);
});

test('Gather: indices that are not a vector are refused', () => {
  const g = new Graph();
  assert.throws(
    () => g.gather(g.input('table', 'float32', [3, 2]), g.input('indices', 'int64', ['m', 2])),
    /\[m, 2\] are not a vector/,
  );
});
