import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText, durationText, figureText, wholeText } from './text.ts';

test('bytes in decimal units', () => {
  assert.deepEqual([0, 999, 1000, 24_300, 168_700, 999_499, 999_500, 4.2e9, 275e12, 2e18].map(bytesText), [
    ...['0 B', '999 B', '1.0 kB', '24.3 kB', '169 kB', '999 kB', '1.0 MB', '4.2 GB', '275 TB', '2.0 EB'],
  ]);
});

test('durations in the unit that fits', () => {
  assert.deepEqual(
    [-1, 0.0004, 0.25, 1, 9.96, 42.4, 89, 100, 3540, 5399, 5400, 7200, 260_000].map(durationText),
    ['0 ms', '0 ms', '250 ms', '1.0 s', '10 s', '42 s', '89 s', '2 min', '59 min', '1 h 30 min', '1 h 30 min', '2 h', '3 days'], // prettier-ignore
  );
});

test('figures with four digits, or none after the point', () => {
  assert.deepEqual([2.41649, 0, 1234.5, 2.86e-5, 1.5e7, -3.25].map(figureText), [
    ...['2.416', '0', '1,235', '2.86e-5', '1.50e7', '-3.250'],
  ]);
  assert.equal(wholeText(15_231.7), '15,232');
});
