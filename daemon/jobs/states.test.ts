import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JobState, jobState } from '../protocol/jobs.ts';
import { AT_WORK, OVER } from '../protocol/jobStates.ts';
import { ACTION_NAMES, ACTIONS, afterEnd, afterLoss, type EndOfWorker, MOST_LOST, moveOf } from './states.ts';

const STATES = jobState.options;
const FACTS = { stopping: false, crashes: 1, maxCrashes: 3 };
const CRASH: EndOfWorker = { how: 'crashed', reason: 'it died' };
const ENDS: EndOfWorker[] = [{ how: 'done' }, { how: 'stopped' }, { how: 'error', message: 'wrong' }, CRASH];

test('every request says what it does in every state, and asking twice does nothing more', () => {
  for (const action of ACTION_NAMES) {
    assert.deepEqual(Object.keys(ACTIONS[action]).sort(), [...STATES].sort());
    for (const state of STATES) {
      const move = moveOf(action, state, true);
      if (move === 'nothing' || 'refused' in move) continue;
      const again = moveOf(action, move.to, true);
      assert.ok(again === 'nothing' || action === 'retry', `${action} of a job that is ${state}, twice`);
    }
  }
});

test('a job that is over only comes back by retry, and a job at work is never over at once', () => {
  for (const action of ACTION_NAMES) {
    for (const state of STATES) {
      const move = moveOf(action, state, true);
      if (move === 'nothing' || 'refused' in move) continue;
      if (OVER.includes(state)) assert.equal(action, 'retry');
      if (AT_WORK.includes(state)) assert.ok(!OVER.includes(move.to), `${action} of a job that is ${state}`);
    }
  }
  assert.ok(typeof moveOf('pause', 'running', false) === 'object');
  assert.deepEqual(moveOf('pause', 'queued', false), { to: 'paused' });
});

test('an attempt never leaves its job at work, and a job asked to end or pause is not queued again', () => {
  for (const state of [...AT_WORK, 'queued' as const]) {
    for (const end of ENDS) {
      for (const stopping of [false, true]) {
        const after = afterEnd(state, end, { ...FACTS, stopping });
        assert.ok(!AT_WORK.includes(after.state), JSON.stringify([state, end, after]));
        if (state === 'cancelling') assert.equal(after.state, 'cancelled');
        if (state === 'pausing') assert.notEqual(after.state, 'queued');
      }
    }
  }
});

test('crashes put a job back into the queue until there are too many in a row', () => {
  const after = (crashes: number) => afterEnd('running', CRASH, { ...FACTS, crashes });
  assert.deepEqual(after(2), { state: 'queued', outcome: 'crashed', reason: 'it died' });
  const last = after(3);
  assert.equal(last.state, 'failed');
  assert.match(last.failure!, /ended unexpectedly 3 times without getting further: it died; see the log/);
  const stopped = afterEnd('running', CRASH, { ...FACTS, crashes: 3, stopping: true });
  assert.deepEqual([stopped.state, stopped.outcome], ['queued', 'lost']);
});

test('when a daemon died its jobs become what they were asked to be, or are queued again', () => {
  const next = (state: JobState, lost = 1): string | undefined => afterLoss(state, lost)?.state;
  assert.deepEqual(
    STATES.map((state) => [state, next(state)]).filter(([, after]) => after !== undefined),
    [
      ['running', 'queued'],
      ['pausing', 'paused'],
      ['cancelling', 'cancelled'],
    ],
  );
  assert.equal(next('running', MOST_LOST), 'paused');
  assert.match(afterLoss('running', MOST_LOST)!.reason!, /10 times in a row: it waits until it is resumed/);
});
