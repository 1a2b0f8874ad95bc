import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseMs } from './backoff.ts';

test('a pause doubles with each failure, up to the longest', () => {
  const times = { firstMs: 50, longestMs: 1000 };
  assert.deepEqual([0, 1, 2, 3, 6, 7, 5000].map((failures) => pauseMs(failures, times)), [50, 50, 100, 200, 1000, 1000, 1000]); // prettier-ignore
});

test('a pause that is spread stays within a half of its length', () => {
  const pauses = Array.from({ length: 200 }, () => pauseMs(1, { firstMs: 100, longestMs: 1000, spread: true }));
  assert.ok(pauses.every((pause) => pause >= 50 && pause <= 150));
  assert.ok(Math.max(...pauses) - Math.min(...pauses) > 10);
});
