import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph.ts';
import { reducedShape } from './reduce.ts';

test('reduced axes go, or stay with size 1', () => {
  const x = new Graph().input('x', 'float32', ['rows', 2, 3]);
  const shape = (axes: number[], keepdims: number) => reducedShape([x], { $axes: axes, keepdims })[0]?.shape;
  assert.deepEqual(shape([0, 2], 0), [2]);
  assert.deepEqual(shape([0, 2], 1), [1, 2, 1]);
  assert.deepEqual(shape([1], 0), ['rows', 3]);
});
