// Slow: runs a job in a real daemon while another version takes over.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import manifest from '../../package.json' with { type: 'json' };
import { daemonHome, isAlive, until } from '../../test/daemon.ts';
import { tinyModel, tinyTraining } from '../../test/queue.ts';
import type { Event } from '../protocol/events.ts';
import { get, submit } from '../protocol/jobs.ts';
import { status } from '../protocol/life.ts';
import { connect } from './connect.ts';

const home = daemonHome();
const tiny = tinyModel(join(home, 'tiny'));

test('a newer client lets an older daemon finish what runs; what waits continues in its own', async () => {
  const old = await connect({ version: '0.0.1', daemonArgs: ['--max-running', '1'] });
  const { pid } = old.daemon()!;
  const spec = tinyTraining(tiny);
  const first = await old.call(submit, { spec: tinyTraining(tiny, { steps: 300 }) });
  const second = await old.call(submit, { spec });
  const events: Event[] = [];
  await old.follow(['jobs'], 0, { events: (some) => events.push(...some) });
  await until('the first runs', async () => ((await old.call(get, { job: first.id })).progress.step ?? 0) > 2, 60_000);

  const newer = await connect();
  assert.equal(newer.daemon()!.pid, pid);
  assert.equal((await newer.call(status, {})).draining, true);
  const third = await connect(); // one that comes meanwhile changes nothing
  assert.equal(third.daemon()!.pid, pid);
  assert.equal((await newer.call(get, { job: second.id })).state, 'queued');
  await third.close();

  await until('the older daemon ends', () => !isAlive(pid), 120_000);
  await until('a newer one comes', () => newer.daemon() !== undefined && newer.daemon()!.pid !== pid);
  assert.equal(newer.daemon()!.version, manifest.version);
  await until(
    'what waited is done',
    async () => (await newer.call(get, { job: second.id })).state === 'succeeded',
    120_000,
  );
  // The first was never interrupted, and who followed from the beginning saw each state once, over both daemons.
  const done = await newer.call(get, { job: first.id });
  assert.deepEqual([done.state, done.attempts.length], ['succeeded', 1]);
  await until('all is told', () =>
    events.some(({ body }) => body.type === 'job' && body.job.id === second.id && body.job.state === 'succeeded'),
  );
  const numbers = events.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  await old.close();
  await newer.close();
});
