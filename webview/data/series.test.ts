import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plotted } from './plotted.ts';
import { Series } from './series.ts';
import { Smoothed } from './smoothing.ts';

const made = (values: readonly number[], first = 0): Series => {
  const series = new Series();
  values.forEach((value, i) => series.append(first + i, value));
  return series;
};
const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });

test('least and greatest of any part are those of a plain search, also after points were taken back', () => {
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 700 }),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      (values, cut, a, b) => {
        const series = made(values);
        const back = cut % values.length;
        // A run that continues from a checkpoint repeats the steps after it; here with other numbers.
        const again = values.slice(back).map((old) => -old);
        again.forEach((next, i) => series.append(back + i, next));
        const all = [...values.slice(0, back), ...again];
        assert.equal(series.length, all.length);
        const [start, end] = [a % (all.length + 1), b % (all.length + 1)].sort((x, y) => x - y) as [number, number];
        const part = all.slice(start, end);
        assert.deepEqual(series.range(start, end), [Math.min(...part), Math.max(...part)]);
      },
    ),
    { numRuns: 300 },
  );
});

test('a step finds the closest point, and none beyond the curve', () => {
  const series = new Series();
  for (const step of [10, 20, 40]) series.append(step, step * 2);
  assert.deepEqual([9, 10, 14, 16, 29, 31, 41].map((step) => series.at(step)), [undefined, 20, 20, 40, 40, 80, undefined]); // prettier-ignore
  assert.equal(series.at(null), 80);
  assert.equal(new Series().at(null), undefined);
});

test('smoothing is the corrected average, whenever points come and are taken back', () => {
  const plain = (values: readonly number[]): number[] => {
    const weight = Math.min(0.9, Math.max(0, 1 - 20 / values.length));
    let [mean, share] = [0, 1];
    return values.map((next) => {
      mean = weight * mean + (1 - weight) * next;
      share *= weight;
      return mean / (1 - share);
    });
  };
  fc.assert(
    fc.property(fc.array(value, { minLength: 2, maxLength: 400 }), fc.nat(), (values, cut) => {
      const series = made(values);
      const smoothed = new Smoothed(series, 0.9);
      smoothed.update();
      const back = cut % values.length;
      smoothed.rewind(back);
      values.slice(back).forEach((next, i) => series.append(back + i, next + 1));
      smoothed.update();
      const expected = plain([...values.slice(0, back), ...values.slice(back).map((next) => next + 1)]);
      expected.forEach((one, i) => assert.ok(Math.abs(smoothed.points.value(i) - one) <= 1e-6 * (1 + Math.abs(one))));
    }),
  );
});

test('few points are drawn as they are, with one beyond either edge', () => {
  const sparse = new Series();
  for (const step of [0, 4, 8]) sparse.append(step, step);
  const { data, dense } = plotted([{ series: made([5, 6, 7, 8, 9, 10]) }, { series: sparse }], [2, 4], 100);
  assert.equal(dense, false);
  assert.deepEqual(data, [[0, 1, 2, 3, 4, 5, 8], [null, 6, 7, 8, 9, 10, null], [0, null, null, null, 4, null, 8]]); // prettier-ignore
});

test('of many points each pixel keeps the least and the greatest', () => {
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 400, maxLength: 2000 }),
      fc.integer({ min: 20, max: 100 }),
      (values, width) => {
        const { data, dense } = plotted([{ series: made(values), noisy: true }], [0, values.length - 1], width);
        assert.equal(dense, true);
        const drawn = (data[1] ?? []).filter((one) => one !== null);
        assert.equal(Math.min(...drawn), Math.min(...values));
        assert.equal(Math.max(...drawn), Math.max(...values));
        const wide = (values.length - 1) / width;
        for (let pixel = 0; pixel < width - 1; pixel++) {
          const inside = values.filter((_, step) => step >= pixel * wide && step < (pixel + 1) * wide);
          const pair = (data[1] ?? []).slice(2 * pixel, 2 * pixel + 2).filter((one) => one !== null);
          assert.deepEqual([Math.min(...pair), Math.max(...pair)], [Math.min(...inside), Math.max(...inside)]);
        }
      },
    ),
    // -0 beside 0, in a pixel that is smaller than a block.
    { numRuns: 30, examples: [[Array.from({ length: 400 }, (_, i) => (i === 32 ? -0 : 0)), 20]] },
  );
});
