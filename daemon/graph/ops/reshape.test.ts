import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { Graph } from '../graph.ts';

computes(
  'Reshape: the same elements',
  (g, { x }) => g.reshape(x!, [3, 2]),
  { x: given([2, 3], [1, 2, 3, 4, 5, 6]) },
  [1, 2, 3, 4, 5, 6],
  [3, 2],
);
differentiates('Reshape: more axes', (g, { x }) => g.reshape(x!, [2, 1, 3]), { x: floats([6]) });
differentiates(
  'Reshape: symbolic sizes and a multiple of one',
  (g, { x, y }) => g.mul(g.reshape(x!, [2, '2*length', 3]), g.reduceSum(y!, [0, 1])),
  {
    x: floats([2, 4, 3], { shape: [2, '2*length', 3] }),
    y: floats([2, 1], { shape: ['length', 1] }),
  },
);
differentiates('Reshape: a flattened symbolic size', (g, { x }) => g.reshape(x!, ['rows', 4]), {
  x: floats([3, 2, 2], { shape: ['rows', 2, 2] }),
});

test('Reshape: to its own shape is no node, an unknown size is an error', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['rows', 2]);
  assert.equal(g.reshape(x, ['rows', 2]), x);
  assert.equal(g.nodes.length, 0);
  assert.throws(() => g.reshape(x, ['columns', 2]), /no input has the dimension columns/);
});
