import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differencesOf, figuresOf } from './figures.ts';
import type { Score } from './measures.ts';

const score = (exact: boolean, share: number): Score => ({
  exact,
  similarity: share,
  kept: 10 * share,
  characters: 10,
});

test('figures are means over cases; kept is a share of all suggested characters', () => {
  const scores = [score(true, 1), score(false, 0.5), { exact: false, similarity: 0, kept: 0, characters: 80 }];
  assert.deepEqual(figuresOf(scores), { exactMatch: 1 / 3, editSimilarity: 0.5, kept: 15 / 100 });
  assert.equal(
    figuresOf([
      { ...score(true, 1), passed: true },
      { ...score(true, 1), passed: false },
    ]).passRate,
    0.5,
  );
  assert.equal(figuresOf([{ exact: false, similarity: 0, kept: 0, characters: 0 }]).kept, 0);
});

test('a side that is always better has an interval above zero; equal sides have none', () => {
  const worse = Array.from({ length: 60 }, (_, i) => score(false, (i % 10) / 20));
  const better = worse.map(({ similarity }) => score(true, similarity + 0.3));
  const { exactMatch, editSimilarity } = differencesOf(better, worse, 1);
  assert.deepEqual(exactMatch, { value: 1, low: 1, high: 1 });
  assert.ok(Math.abs(editSimilarity.value - 0.3) < 1e-9 && editSimilarity.low > 0.29 && editSimilarity.high < 0.31);
  assert.deepEqual(differencesOf(worse, worse, 1).kept, { value: 0, low: 0, high: 0 });
});

test('the interval is about two standard errors on each side, and the same for the same seed', () => {
  const count = 400;
  const [a, b] = [0.6, 0.5].map((share, side) =>
    Array.from({ length: count }, (_, i) => score(((i * 7919 + side * 104729) % 1000) / 1000 < share, 0)),
  ) as [Score[], Score[]];
  const paired = a.map(({ exact }, i) => Number(exact) - Number(b[i]!.exact));
  const mean = paired.reduce((x, y) => x + y) / count;
  const error = Math.sqrt(paired.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count / count);
  const { value, low, high } = differencesOf(a, b, 3).exactMatch;
  assert.ok(Math.abs(value - mean) < 1e-12);
  assert.ok(Math.abs(high - low - 3.92 * error) < 0.6 * error, `${high - low} for ${error}`);
  assert.deepEqual(differencesOf(a, b, 3).exactMatch, { value, low, high });
});
