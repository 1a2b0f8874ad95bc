import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { statusText, statusTip } from '../statusText.ts';
import { JOB_STATES } from '../../daemon/protocol/jobStates.ts';
import { describeJob, itemOf } from './describe.ts';

const job = (changes: Partial<Job>): Job =>
  ({
    kind: 'train',
    state: 'running',
    progress: {},
    waitingFor: null,
    error: null,
    startedAt: null,
    endedAt: null,
    ...changes,
  }) as Job;

test('a job in a line', () => {
  assert.equal(describeJob(job({})), 'starting');
  assert.equal(
    describeJob(job({ progress: { step: 21, steps: 50, secondsLeft: 100, loss: 4.25 } })),
    '42% · 2 min left · loss 4.250',
  );
  const measuring = { text: 'measuring the base, 3 of 8', fraction: 0.129, secondsLeft: 100, step: 0, steps: 50 };
  assert.equal(describeJob(job({ progress: measuring })), 'measuring the base, 3 of 8 · 12% · 2 min left');
  assert.equal(describeJob(job({ progress: { text: 'reading the\nmodel' } })), 'reading the model');
  assert.equal(describeJob(job({ state: 'queued', waitingFor: 'job 3 comes first' })), 'waits: job 3 comes first');
  assert.equal(
    describeJob(job({ state: 'failed', error: { code: 'data', message: 'line 2: no prompt' } })),
    'line 2: no prompt',
  );
  assert.equal(
    describeJob(job({ state: 'succeeded', startedAt: 0, endedAt: 30_000, progress: { heldOutLoss: 1.5 } })),
    'loss 1.500 · took 30 s',
  );
  for (const state of Object.keys(JOB_STATES) as Job['state'][])
    assert.ok(describeJob(job({ state })) !== '' && itemOf(job({ state })) !== '');
});

test('what menus see of a job', () => {
  assert.equal(itemOf(job({ state: 'paused' })), 'run.paused');
  assert.equal(itemOf(job({ kind: 'merge' })), 'work.running');
  assert.equal(itemOf(job({ kind: 'merge', state: 'succeeded' })), 'work.ended');
});

test('the status bar', () => {
  assert.equal(statusText(null, undefined, 0), undefined);
  assert.equal(statusText('notes', undefined, 0), '$(layers) notes');
  assert.equal(statusText('notes', { fraction: 0.4199 }, 3), '$(sync~spin) VeRA 41% +2');
  assert.equal(statusText(null, { fraction: undefined }, 1), '$(sync~spin) VeRA ...');
  assert.doesNotMatch(statusText('$(flame) x', undefined, 0)!.slice(9), /\$\(/);
  assert.match(statusTip('notes', undefined), /^Active adapter: notes\. It answers @vera/);
  assert.match(
    statusTip(null, { title: 'Train VeRA on a\nb', doing: 'saving · 99%' }),
    /^Train VeRA on a b\. saving · 99%\. Click/,
  );
});
