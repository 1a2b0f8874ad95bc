import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { panelRun as schema } from '../../daemon/protocol/panel.ts';
import type { RunRow } from '../../daemon/protocol/runs.ts';
import { description } from '../../daemon/server/handlers/settings.ts';
import { jobOfKey, keyOf, measuredOf, panelRun } from './panelRun.ts';

const job = {
  ...{
    id: 7,
    kind: 'train',
    state: 'running',
    title: 't',
    spec: { kind: 'train', settings: { data: '/d/rows.jsonl', base: '/models/small', rank: 64 } },
  },
  ...{ waitingFor: null, error: null, progress: { step: 3, steps: 9 }, startedAt: 1, endedAt: null },
} as unknown as Job;

test('a run as the panel takes it', () => {
  const shown = schema.parse(panelRun(job, undefined, null, description()));
  assert.deepEqual([shown.key, shown.title, shown.base, shown.rank], ['job/7', 't', 'small', 64]);
  assert.ok(shown.settings.some(({ name, value }) => name === 'Rank' && value === '64'));
  const manifest = '/me/.ollama/models/manifests/registry.ollama.ai/library/small/135m';
  const pulled = { ...job, spec: { kind: 'train', settings: { data: '/d', base: manifest } } } as Job;
  assert.equal(panelRun(pulled, undefined, null, description()).base, 'small:135m');
  const full = { ...job, spec: { kind: 'train', settings: { data: '/d', base: 'b', method: 'full' } } } as Job;
  assert.equal(panelRun(full, { settings: { rank: 256 } } as unknown as RunRow, null, description()).rank, null);
});

test('keys', () => {
  assert.equal(jobOfKey(keyOf(job)), 7);
  assert.equal(jobOfKey('run/7'), undefined);
  assert.equal(jobOfKey('job/7x'), undefined);
});

test('what was measured, once the run is over', () => {
  assert.equal(measuredOf(null), null);
  const report = { report: { optimizerBytes: 3 }, done: { adapterBytes: 2, trainableParameters: 1, peakRssBytes: 4 } };
  assert.deepEqual(measuredOf(report), { parameters: 1, adapterBytes: 2, optimizerBytes: 3, peakBytes: 4 });
});
