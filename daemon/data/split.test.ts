import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitRows } from './split.ts';

const over = (keys: number[]) => ({ count: keys.length, key: (i: number) => keys[i]! });
const keys = fc.array(fc.integer({ min: 0, max: 2 ** 48 - 1 }), { maxLength: 60 });
const fraction = fc.double({ min: 0, max: 1, noNaN: true });

test('every usable row is on one side, and equal rows are on the same side', () => {
  fc.assert(
    fc.property(keys, fraction, (list, share) => {
      const usable = (i: number) => i % 5 !== 3;
      const doubled = [...list, ...list];
      const { train, heldOut } = splitRows(over(doubled), usable, share);
      const all = [...train, ...heldOut].sort((a, b) => a - b);
      assert.deepEqual(all, [...doubled.keys()].filter(usable));
      const held = new Set([...heldOut].map((i) => doubled[i]));
      assert.ok([...train].every((i) => !held.has(doubled[i])));
    }),
  );
});

test('rows keep their side when others are added, once the fraction selects a row', () => {
  fc.assert(
    fc.property(keys, keys, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (list, more, share) => {
      const limit = share * 2 ** 48;
      fc.pre(list.some((key) => key < limit) && list.some((key) => key >= limit));
      const before = splitRows(over(list), () => true, share);
      const after = splitRows(over([...list, ...more]), () => true, share);
      assert.deepEqual(
        [...before.heldOut],
        [...after.heldOut].filter((i) => i < list.length),
      );
    }),
  );
});

test('a small file still holds out one row and trains on one', () => {
  assert.deepEqual([...splitRows(over([9e13, 5e13, 8e13]), () => true, 1e-9).heldOut], [1]);
  assert.deepEqual([...splitRows(over([3, 7, 5]), () => true, 0.9).train], [1]);
  assert.deepEqual([...splitRows(over([7]), () => true, 0.5).train], [0]);
  assert.deepEqual([...splitRows(over([7, 7]), () => true, 0.5).train], [0, 1]);
});

test('0 holds out no row and 1 holds out all', () => {
  assert.deepEqual([...splitRows(over([1, 2]), () => true, 0).train], [0, 1]);
  assert.deepEqual([...splitRows(over([1, 2]), () => true, 1).heldOut], [0, 1]);
});
