// Slow: fills a file system of its own while a daemon trains on it.
/** A state folder on a file system that is full: the run is told as failed at once, and continues when there is space again. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from '../../daemon/client/connect.ts';
import { stopDaemon } from '../../daemon/client/stop.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import { until } from '../daemon.ts';
import { tinyModel, tinyTraining } from '../queue.ts';

const MB = 2 ** 20;
const root = mkdtempSync(join(tmpdir(), 'vera-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', root], { encoding: 'utf8' });
const skip = mounted.status === 0 ? false : 'only root can mount a small file system';
const files = mkdtempSync(join(tmpdir(), 'vera-full-files-'));
after(async () => {
  await stopDaemon({ now: true }).catch(() => undefined);
  if (!skip) spawnSync('umount', ['-l', root]);
  for (const folder of [root, files]) rmSync(folder, { recursive: true, force: true });
});

/** Writes a file until the file system takes nothing more. */
function fill(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (const size of [MB, 4096, 1]) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(size, 1));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      }
    }
  } finally {
    closeSync(fd);
  }
}

test('a full disk is told from memory, and the run continues when there is space', { skip }, async () => {
  process.env['VERA_HOME'] = root;
  const client = await connect();
  const spec = tinyTraining(tinyModel(files), { steps: 1500, checkpointEvery: 20, evalEvery: 500 });
  const written: Job[] = [];
  const unwritten: Job[] = [];
  await client.follow(['jobs'], undefined, {
    events: (events) => written.push(...events.flatMap(({ body }) => (body.type === 'job' ? [body.job] : []))),
    unwritten: (job) => unwritten.push(job),
  });
  const { id } = await client.call(jobs.submit, { spec: { ...spec, name: 'full' } });
  const now = (): Promise<Job> => client.call(jobs.get, { job: id });
  await until('a step is taken', async () => ((await now()).progress.step ?? 0) > 40);
  const filler = join(root, 'filler');
  fill(filler);

  await until('the failure is told', () => unwritten.some(({ state }) => state === 'failed'), 20_000);
  const told = unwritten.findLast(({ state }) => state === 'failed')!;
  assert.equal(told.id, id);
  assert.match(told.error!.message, /(ENOSPC|disk is full|no space left).*free some space/);
  assert.ok(told.endedAt !== null);
  // Whoever asks now, or lists, hears the same, although the catalog still has the run at work.
  assert.equal((await now()).state, 'failed');
  assert.equal((await client.call(jobs.list, {})).items[0]!.state, 'failed');
  assert.ok(!written.some(({ state }) => state === 'failed'));
  await assert.rejects(client.call(jobs.retry, { job: id }), { code: 'io', message: /free some space/ });

  rmSync(filler);
  const again = await client.call(jobs.retry, { job: id });
  assert.equal(again.state, 'queued');
  await until('the failure is written', () => written.some(({ state }) => state === 'failed'));
  await until('the run succeeds', async () => (await now()).state === 'succeeded', 60_000);
  const { attempts } = await now();
  assert.deepEqual(attempts.map(({ outcome }) => outcome), ['failed', 'succeeded']); // prettier-ignore
  await client.close();
});
