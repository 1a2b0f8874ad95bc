import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutOf, pack, padded, slice } from './layout.ts';

const tensors = [
  { name: 'a', shape: [2, 3] },
  { name: 'b', shape: [] },
  { name: 'c', shape: [2] },
];

test('tensors lie one after the other; a slice is a view', () => {
  const layout = layoutOf(tensors);
  assert.equal(layout.size, 9);
  assert.deepEqual(
    layout.entries.map(({ name, start, end }) => [name, start, end]),
    [
      ['a', 0, 6],
      ['b', 6, 7],
      ['c', 7, 9],
    ],
  );
  const theta = Float32Array.from({ length: 9 }, (_, i) => i);
  slice(layout, theta, 'c')[0] = 70;
  assert.deepEqual([...theta], [0, 1, 2, 3, 4, 5, 6, 70, 8]);
  assert.deepEqual(
    pack(layout, ({ name }) => slice(layout, theta, name)),
    theta,
  );
});

test('a missing tensor, a wrong number of values and a name that stands twice are errors', () => {
  const layout = layoutOf(tensors);
  assert.throws(() => slice(layout, new Float32Array(9), 'd'), /no tensor d/);
  assert.throws(() => pack(layout, () => new Float32Array(6)), /tensor b has 6 values, but its shape is \[\]/);
  assert.throws(() => layoutOf([...tensors, { name: 'a', shape: [1] }]), /the same name/);
});

test('a vector goes into a larger layout with zeros where it has nothing', () => {
  const small = layoutOf([
    { name: 'rows', shape: [2, 3] },
    { name: 'columns', shape: [3, 2] },
    { name: 'vector', shape: [2] },
    { name: 'cube', shape: [2, 1, 2] },
  ]);
  const large = layoutOf([
    { name: 'vector', shape: [3] },
    { name: 'rows', shape: [3, 3] },
    { name: 'columns', shape: [3, 4] },
    { name: 'cube', shape: [2, 2, 3] },
  ]);
  const theta = Float32Array.from({ length: small.size }, (_, i) => i + 1);
  const wide = padded(small, large, theta);
  assert.deepEqual([...slice(large, wide, 'vector')], [13, 14, 0]);
  assert.deepEqual([...slice(large, wide, 'rows')], [1, 2, 3, 4, 5, 6, 0, 0, 0]);
  assert.deepEqual([...slice(large, wide, 'columns')], [7, 8, 0, 0, 9, 10, 0, 0, 11, 12, 0, 0]);
  assert.deepEqual([...slice(large, wide, 'cube')], [15, 16, 0, 0, 0, 0, 17, 18, 0, 0, 0, 0]);
  assert.throws(() => padded(large, small, wide), /does not fit/);
});
