// Slow: runs jobs in real workers, one state after the other.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ACTOR, openQueue, tinyModel, tinyTraining } from '../../test/queue.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { adapterContent } from '../catalog/adapters.ts';
import { readRun } from '../catalog/runs.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Job } from '../protocol/jobs.ts';

const root = temporaryFolder();
process.env['VERA_HOME'] = join(root, 'home');
const tiny = tinyModel(root);
const open = await openQueue(join(root, 'home'));
after(() => open.close());
const { catalog, queue, submit, reached, told } = open;

const LONG = { steps: 100_000, checkpointEvery: 5, evalEvery: 100_000 };
const conflict = (error: unknown): boolean => error instanceof VeraError && error.code === 'conflict';
const theta = async (job: Job): Promise<Float32Array> =>
  (await adapterContent(catalog.db, Number(job.result!['adapter']))).theta;
const outcomes = ({ attempts }: Job): unknown[] => attempts.map(({ outcome }) => outcome);

test('a job that was paused and resumed gives bit-identical results to one that was not', async () => {
  const whole = await reached(await submit(tinyTraining(tiny, { steps: 120 })), 'succeeded');
  const job = await submit(tinyTraining(tiny, { steps: 120 }));
  await told(job, ({ event, step }) => event === 'step' && Number(step) >= 3);
  assert.equal((await queue.pause({ job: job.id }, ACTOR)).state, 'pausing');
  await assert.rejects(queue.resume({ job: job.id }, ACTOR), conflict);
  const paused = await reached(job, 'paused');
  assert.ok(paused.progress.step! < 120);
  assert.deepEqual(queue.counts(), { running: 0, queued: 0, paused: 1 });
  assert.equal((await queue.resume({ job: job.id }, ACTOR)).state, 'queued');
  const done = await reached(job, 'succeeded');
  assert.deepEqual(outcomes(done), ['paused', 'succeeded']);
  assert.deepEqual(await theta(done), await theta(whole));
});

test('a job can be cancelled in every state', async () => {
  const running = await submit(tinyTraining(tiny, LONG));
  const held = await submit(tinyTraining(tiny));
  const queued = await submit(tinyTraining(tiny));
  const dependent = await submit(tinyTraining(tiny), { needs: [queued.id] });
  await queue.pause({ job: held.id }, ACTOR);
  assert.equal((await queue.cancel({ job: held.id }, ACTOR)).state, 'cancelled');
  await told(running, ({ event }) => event === 'step');
  assert.match((await queue.get({ job: queued.id })).waitingFor!, /1 job runs already, and no more/);
  assert.equal((await queue.cancel({ job: queued.id }, ACTOR)).state, 'cancelled');
  assert.equal((await queue.cancel({ job: queued.id }, ACTOR)).state, 'cancelled');
  const failed = await reached(dependent, 'failed');
  assert.match(failed.error!.message, new RegExp(`job ${queued.id}, which it needs, was cancelled`));
  await assert.rejects(queue.cancel({ job: failed.id }, ACTOR), conflict);
  assert.equal((await queue.cancel({ job: running.id }, ACTOR)).state, 'cancelling');
  const over = await reached(running, 'cancelled');
  assert.deepEqual(outcomes(over), ['cancelled']);
  assert.equal((await readRun(catalog.db, over.run!)).state, 'cancelled');
  for (const act of [queue.pause, queue.resume]) await assert.rejects(act({ job: over.id }, ACTOR), conflict);
  // After a retry it continues from its checkpoint. While it is paused it is cancelled at once.
  await queue.retry({ job: over.id }, ACTOR);
  await told(over, ({ event }) => event === 'start');
  await queue.pause({ job: over.id }, ACTOR);
  const again = await reached(over, 'paused');
  assert.ok(again.progress.step! > 0);
  assert.equal((await queue.cancel({ job: over.id }, ACTOR)).state, 'cancelled');
  const missing = { code: 'missing' };
  await assert.rejects(queue.cancel({ job: 999 }, ACTOR), missing);
  await assert.rejects(submit(tinyTraining(tiny), { needs: [999] }), missing);
});

test('a failed job says why, and can be tried again', async () => {
  const out = join(root, 'bad');
  const bad = await submit({ ...tinyTraining(tiny, { out, targets: 'nothing_like_it' }) });
  const failed = await reached(bad, 'failed');
  assert.deepEqual([failed.error!.code, outcomes(failed)], ['usage', ['failed']]);
  assert.match(failed.error!.message, /match no linear layer/);
  assert.equal(existsSync(out), false);
  assert.equal((await queue.retry({ job: bad.id }, ACTOR)).state, 'queued');
  assert.deepEqual(outcomes(await reached(bad, 'failed')), ['failed', 'failed']);
  await assert.rejects(submit(tinyTraining(tiny, { rank: 0 })), { code: 'usage' });
  await assert.rejects(submit({ kind: 'merge', out: join(root, 'x') }), { code: 'usage' });
  await assert.rejects(submit({ kind: 'evaluate', data: join(root, 'none.jsonl'), base: tiny.base }), { code: 'data' });
  await assert.rejects(submit({ kind: 'merge', adapter: 'nobody', out: join(root, 'x') }), { code: 'missing' });
});

test('jobs of higher priority run first, also when the priority changes', async () => {
  const block = await submit(tinyTraining(tiny, LONG));
  await told(block, ({ event }) => event === 'step');
  const jobs: Job[] = [];
  for (const priority of [0, 5, 0])
    jobs.push(await submit({ kind: 'evaluate', data: tiny.data, base: tiny.base, length: 32 }, { priority }));
  await queue.prioritise({ job: jobs[2]!.id, priority: 9 }, ACTOR);
  await queue.cancel({ job: block.id }, ACTOR);
  const done = await Promise.all(jobs.map((job) => reached(job, 'succeeded')));
  const order = done.sort((a, b) => a.startedAt! - b.startedAt!).map(({ id }) => id);
  assert.deepEqual(order, [jobs[2]!.id, jobs[1]!.id, jobs[0]!.id]);
});
