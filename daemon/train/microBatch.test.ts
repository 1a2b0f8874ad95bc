import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Batch } from '../data/batch.ts';
import { microBatches } from './microBatch.ts';

/** A batch of rows with the given numbers of real tokens; every third token counts. */
function batchOf(lengths: readonly number[], length: number): Batch {
  const n = lengths.length * length;
  const real = (i: number): boolean => i % length < (lengths[Math.floor(i / length)] as number);
  const numbered = Int32Array.from({ length: n }, (_, i) => (real(i) ? i + 1 : 0));
  const targets = Int32Array.from(numbered.keys()).filter((i) => real(i) && i % 3 === 0);
  return {
    rows: lengths.length,
    length,
    ids: numbered,
    positions: numbered.map((_, i) => i % length),
    segments: numbered.map((id) => Number(id > 0)),
    active: Float32Array.from(numbered, (id) => id % 2),
    targets,
    labels: targets.map((t) => t * 7),
  } as unknown as Batch;
}

test('every counted token runs once, with its own label, and parts hold to the limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 1, max: 100 }),
      (lengths, tokens) => {
        const batch = batchOf(lengths, 40);
        const seen: [number, number][] = [];
        for (const part of microBatches(batch, tokens)) {
          assert.ok(part.rows === 1 || part.rows * part.length <= tokens);
          part.from.forEach((at, i) => assert.equal(part.ids[i], batch.ids[at]));
          part.from.forEach((at, i) => assert.equal(part.active![i], batch.active![at]));
          part.targets.forEach((target, i) => seen.push([part.from[target] as number, part.labels[i] as number]));
        }
        assert.deepEqual(
          seen,
          [...batch.targets].map((target, i) => [target, batch.labels[i]]),
        );
      },
    ),
  );
});

test('padding beyond the longest row of a part is cut away', () => {
  const [part] = microBatches(batchOf([5, 3], 40), 256);
  assert.equal(part?.length, 5);
  assert.equal(part.rows, 2);
});
