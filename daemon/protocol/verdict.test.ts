import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runVerdict, verdictOfReport } from './verdict.ts';

const figures = {
  ...{ evalLoss: 1.63, baseEvalLoss: 2.41, accuracy: 0.612, baseAccuracy: 0.478 },
  ...{ lossNoise: 0.02, heldOutRows: 120, heldOutTokens: 8065 },
};

test('better: by how much, on what', () => {
  assert.deepEqual(runVerdict(figures), {
    outcome: 'better',
    sentence:
      'On 8,065 tokens of 120 held-out rows, the loss fell from 2.41 to 1.63 (32 % lower): the adapter guesses the next token right in 61 of 100 cases, the base in 48.',
  });
  const { sentence } = runVerdict({ ...figures, accuracy: 0.48 }, 'the model');
  assert.match(
    sentence,
    /1\.63 \(32 % lower\); the model guesses the next token right in 48 of 100 cases, as the base does\.$/,
  );
});

test('worse, and what to do about it', () => {
  const { outcome, sentence } = runVerdict({ ...figures, evalLoss: 2.6 });
  assert.equal(outcome, 'worse');
  assert.match(
    sentence,
    /rose from 2\.41 to 2\.60 \(7\.9 % higher\): the adapter predicts them worse than the base\. Try a lower/,
  );
});

test('a difference within the noise is not called better or worse', () => {
  for (const evalLoss of [2.4, 2.42, 2.41]) {
    const { outcome, sentence } = runVerdict({ ...figures, evalLoss });
    assert.equal(outcome, 'unclear', sentence);
    assert.match(sentence, /can be chance/);
  }
  assert.match(runVerdict({ ...figures, evalLoss: 2.4099 }).sentence, /went from 2\.4100 to 2\.4099/);
  assert.equal(runVerdict({ ...figures, evalLoss: 2.37 }).outcome, 'better');
});

test('without held-out rows nothing is known, and with too few the sentence says so', () => {
  const none = runVerdict({ evalLoss: null, baseEvalLoss: null, accuracy: null, baseAccuracy: null });
  assert.equal(none.outcome, 'unknown');
  assert.match(none.sentence, /No rows were held out/);
  const few = runVerdict({ ...figures, lossNoise: null, heldOutRows: 1 });
  assert.equal(few.outcome, 'better');
  assert.match(few.sentence, /of 1 held-out row, .*These are too few rows to say how sure that is\.$/);
});

test('a run of an earlier version has losses alone', () => {
  assert.equal(
    runVerdict({ evalLoss: 1.5, baseEvalLoss: 2 }).sentence,
    'On the held-out rows, the loss fell from 2.00 to 1.50 (25 % lower).',
  );
});

test('the stored report of a run gives the same sentence; a run without one gives none', () => {
  const done = {
    ...{ event: 'done', adapter: '/out', trainLoss: 2, evalLoss: 1.63, baseEvalLoss: 2.41 },
    ...{ trainableParameters: 1, adapterBytes: 1, tokensPerSecond: 1, peakRssBytes: 1 },
  };
  const report = {
    ...{
      event: 'report',
      steps: 4,
      adapterStep: 4,
      stoppedEarly: false,
      tokens: 9,
      trainSeconds: 1,
      optimizerBytes: 1,
    },
    ...{ accuracy: 0.612, baseAccuracy: 0.478, lossNoise: 0.02, heldOutRows: 120, heldOutTokens: 8065 },
    estimate: { trainableParameters: 1, adapterBytes: 1, optimizerBytes: 1, peakRssBytes: 1, tokensPerSecond: 1 },
  };
  assert.deepEqual(verdictOfReport({ done, report }), runVerdict(figures));
  const { estimate: _, ...full } = report;
  assert.match(verdictOfReport({ done, report: full })!.sentence, /the model guesses/);
  assert.match(verdictOfReport({ done, report: null })!.sentence, /^On the held-out rows, /);
  assert.equal(verdictOfReport(null), undefined);
  assert.equal(verdictOfReport({ done: { event: 'done' } }), undefined);
});
