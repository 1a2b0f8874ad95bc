import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, metricOf } from './metrics.ts';
import { columns, fromPanel } from './panel.ts';
import { commandsOf } from './panelCommands.ts';

test('events of a training worker become rows, others do not', () => {
  const step = {
    event: 'step',
    step: 3,
    loss: 2.5,
    learningRate: 0.004,
    gradientNorm: 0.1,
    tokensPerSecond: 900,
    tokens: 512,
  };
  const rows = [
    step,
    { event: 'eval', step: 3, loss: 2.75, best: true },
    { event: 'note', text: 'x', step: 3 },
    { event: 'step' },
  ].flatMap((event) => metricOf(event) ?? []);
  const made = columnsOf(rows);
  assert.deepEqual(made, {
    step: [3, 3],
    loss: [2.5, null],
    heldOutLoss: [null, 2.75],
    learningRate: [0.004, null],
    gradientNorm: [0.1, null],
    tokensPerSecond: [900, null],
  });
  assert.deepEqual(columns.parse(made), made);
  assert.deepEqual(metricOf({ event: 'step', step: 4, loss: NaN })?.loss, null);
});

test('a run offers what its state allows', () => {
  const adapter = { id: 7, name: 'a' };
  assert.deepEqual(commandsOf({ state: 'running', adapter: null, out: '/x' }, null), [
    'pause',
    'stop',
    'runAgain',
    'openFolder',
  ]);
  assert.deepEqual(commandsOf({ state: 'paused', adapter: null, out: null }, null), ['resume', 'stop', 'runAgain']);
  assert.deepEqual(commandsOf({ state: 'succeeded', adapter, out: null }, 3), [
    'activate',
    'tryIt',
    'merge',
    'export',
    'runAgain',
  ]);
  assert.deepEqual(commandsOf({ state: 'succeeded', adapter, out: null }, 7)[0], 'deactivate');
});

test('what a panel sends is checked', () => {
  assert.equal(fromPanel.safeParse({ type: 'command', request: 1, command: 'merge', run: 'job/1' }).success, true);
  for (const wrong of [
    { type: 'command', request: 1, command: 'rm', run: 'job/1' },
    { type: 'ready', more: 1 },
    { type: 'copy', text: 'x'.repeat(5e6) },
    null,
  ])
    // prettier-ignore
    assert.equal(fromPanel.safeParse(wrong).success, false);
});
