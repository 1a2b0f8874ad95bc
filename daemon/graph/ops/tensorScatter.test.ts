import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computes, given, int64 } from '../../../test/gradient.ts';
import { Graph } from '../graph.ts';
import { tensorScatter } from './tensorScatter.ts';

computes(
  'TensorScatter: each row has a place of its own',
  (g, { cache, entries, places }) => g.op(tensorScatter, [cache, entries, places], { axis: 1 }),
  {
    cache: given([2, 3, 1], [1, 2, 3, 4, 5, 6]),
    entries: given([2, 1, 1], [7, 8]),
    places: int64([2], [0, 2]),
  },
  [7, 2, 3, 4, 5, 8],
  [2, 3, 1],
);

test('TensorScatter: entries that do not fit are an error that names the shapes', () => {
  const g = new Graph();
  const cache = g.input('cache', 'float32', ['batch', 'room', 4]);
  const entries = g.input('entries', 'float32', ['batch', 'length', 3]);
  assert.throws(
    () => g.op(tensorScatter, [cache, entries, g.input('places', 'int64', ['batch'])]),
    /\[batch, length, 3\] does not fit into \[batch, room, 4\]/,
  );
});
