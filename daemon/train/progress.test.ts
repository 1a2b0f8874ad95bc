import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addEvaluation, firstProgress, heldOutFigures } from './progress.ts';

const evaluation = (losses: readonly number[], accuracy: number) => ({
  loss: losses.reduce((a, b) => a + b) / (losses.length * 10),
  ...{ measures: {}, tokens: losses.length * 10, accuracy },
  parts: losses.map((loss) => [loss, 10] as const),
});

test('the noise of a difference comes from the same batches: what they share does not count', () => {
  const progress = firstProgress();
  const base = [20, 40, 10, 30, 50];
  addEvaluation(progress, evaluation(base, 0.4));
  progress.step = 5;
  addEvaluation(
    progress,
    evaluation(
      base.map((loss, i) => loss - 5 + (i % 2)),
      0.5,
    ),
  );
  progress.step = 10;
  addEvaluation(progress, evaluation(base, 0.9)); // worse than the best: it does not count
  const { accuracy, baseAccuracy, lossNoise, heldOutTokens } = heldOutFigures(progress);
  assert.deepEqual([accuracy, baseAccuracy, heldOutTokens], [0.5, 0.4, 50]);
  // Changes of -5, -4, -5, -4, -5: mean -4.6; the standard error of a sum of five, over 50 tokens.
  const variance = (3 * 0.4 ** 2 + 2 * 0.6 ** 2) / 4;
  assert.ok(Math.abs(lossNoise! - Math.sqrt(5 * variance) / 50) < 1e-12, String(lossNoise));
});

test('from few batches, or without held-out rows, there is no noise to tell', () => {
  const progress = firstProgress();
  addEvaluation(progress, evaluation([20, 30], 0.4));
  progress.step = 5;
  addEvaluation(progress, evaluation([10, 30], 0.4));
  assert.equal(heldOutFigures(progress).lossNoise, null);
  assert.deepEqual(heldOutFigures(firstProgress()), {
    ...{ accuracy: null, baseAccuracy: null, heldOutTokens: 0, lossNoise: null },
  });
});
