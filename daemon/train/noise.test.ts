import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropoutNoise } from './noise.ts';

test('noise is odd, and the same for the same seed, step and part alone', () => {
  const noise = dropoutNoise(1, 2, 3, 1000);
  assert.ok(noise.every((value) => (value & 1n) === 1n));
  assert.deepEqual(dropoutNoise(1, 2, 3, 1000), noise);
  for (const other of [dropoutNoise(2, 2, 3, 1000), dropoutNoise(1, 3, 3, 1000), dropoutNoise(1, 2, 4, 1000)]) {
    assert.ok(other.every((value, i) => value !== noise[i]));
  }
  assert.equal(new Set(noise).size, 1000);
});
