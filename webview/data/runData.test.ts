import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf } from '../../daemon/protocol/metrics.ts';
import { RunData } from './runData.ts';

const row = (step: number, loss: number) => ({
  step,
  loss,
  heldOutLoss: null,
  learningRate: null,
  gradientNorm: null,
  tokensPerSecond: null,
});

test('a run that is told anew keeps its curves, without their old points', () => {
  const data = new RunData(0.5);
  const { loss } = data.series;
  const smoothed = data.smoothed.points;
  data.append(columnsOf([row(1, 5), row(2, 4), row(3, 3)]), 0, 3);
  assert.deepEqual([loss.length, smoothed.length, data.lastStep], [3, 3, 3]);
  data.clear();
  assert.deepEqual([loss.length, smoothed.length, data.lastStep], [0, 0, 0]);
  data.append(columnsOf([row(1, 9), row(2, 8)]), 0, 2);
  assert.equal(data.series.loss, loss);
  assert.deepEqual([loss.length, loss.value(1), smoothed.length], [2, 8, 2]);
  assert.equal(smoothed.value(0), 9);
});
