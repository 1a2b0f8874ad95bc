import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph.ts';
import { broadcast, unbroadcast } from './broadcast.ts';

test('shapes broadcast as ONNX says, symbolic sizes only to themselves and to 1', () => {
  const check = (a: (number | string)[], b: (number | string)[], expected: (number | string)[]) => {
    assert.deepEqual(broadcast(a, b), expected);
    assert.deepEqual(broadcast(b, a), expected);
  };
  check([2, 3], [3], [2, 3]);
  check([2, 1], [1, 3], [2, 3]);
  check([], [4], [4]);
  check(['n', 1], [5], ['n', 5]);
  check(['n', 2], [1, 2], ['n', 2]);
  assert.throws(() => broadcast([2], [3]), /\[2\] and \[3\] do not broadcast/);
  assert.throws(() => broadcast(['n'], ['m']), /do not broadcast/);
  assert.throws(() => broadcast(['n'], [3]), /do not broadcast/);
});

test("a gradient of the input's own shape is left as it is", () => {
  const g = new Graph();
  const dy = g.input('dy', 'float32', ['n', 3]);
  assert.equal(unbroadcast(g, dy, ['n', 3]), dy);
  assert.deepEqual(unbroadcast(g, dy, [3]).shape, [3]);
  assert.deepEqual(unbroadcast(g, dy, [1, 3]).shape, [1, 3]);
});
