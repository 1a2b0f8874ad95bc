import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { added, quantileOf, withLatency } from './latencies.ts';
import type { Latencies } from './latencies.ts';

const of = (values: readonly number[]): Latencies => values.reduce<Latencies>(withLatency, {});

test('a quantile is within a tenth of the true one, and sums of parts are the sum of the whole', () => {
  const times = fc.array(fc.double({ min: 1, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(times, times, fc.constantFrom(0.5, 0.95), (one, two, quantile) => {
      const all = [...one, ...two].sort((a, b) => a - b);
      const exact = all[Math.ceil(quantile * all.length) - 1]!;
      const found = quantileOf(added(of(one), of(two)), quantile)!;
      assert.ok(Math.abs(found - exact) <= 0.1 * exact + 0.5, `${found} for ${exact}`);
      assert.deepEqual(added(of(one), of(two)), of(all));
    }),
  );
});

test('nothing, and times beyond the ends', () => {
  assert.equal(quantileOf({}, 0.5), undefined);
  assert.equal(quantileOf(of([0, 0.2]), 0.95), 1);
  assert.ok(quantileOf(of([1e9]), 0.5)! > 400_000);
});
