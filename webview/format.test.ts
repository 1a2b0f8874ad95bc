import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, duration, figure, tick, times, whole } from './format.ts';

test('figures as a person reads them', () => {
  assert.deepEqual([2.41649, 0, 1234.5, 2.86e-5, 1.5e7, null, NaN].map(figure), [
    '2.416',
    '0',
    '1,235',
    '2.86e-5',
    '1.50e7',
    '–',
    '–',
  ]);
  assert.deepEqual([4.5, 0.004, 2000, 2.5e-5].map(tick), ['4.5', '0.004', '2,000', '2.5e-5']);
  assert.deepEqual([999, 72_864, 999_600, 1.5e6, 28e9, 2e18, null].map(bytes), ['999 B', '72.9 kB', '1.0 MB', '1.5 MB', '28.0 GB', '2.0 EB', '–']); // prettier-ignore
  assert.deepEqual([0.4, 61, 3700, 90_000, undefined].map(duration), ['400 ms', '61 s', '62 min', '25 h', '–']);
  assert.deepEqual([1.66, 24.9, 1234].map(times), ['1.7×', '25×', '1,234×']);
  assert.equal(whole(15_232), '15,232');
});
