// Slow: kills and stalls real workers.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ACTOR, openQueue, tinyModel, tinyTraining } from '../../test/queue.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { adapterContent } from '../catalog/adapters.ts';
import { runMetrics } from '../catalog/metrics.ts';
import { seededRandom } from '../data/random.ts';
import type { Job, JobSpec } from '../protocol/jobs.ts';

const root = temporaryFolder();
const home = join(root, 'home');
process.env['VERA_HOME'] = home;
const tiny = tinyModel(root);
const random = seededRandom('faults');
const SPEC = tinyTraining(tiny, { steps: 60, checkpointEvery: 5, evalEvery: 20 });

type Open = Awaited<ReturnType<typeof openQueue>>;
const made = async ({ catalog }: Open, job: Job) => ({
  theta: (await adapterContent(catalog.db, Number(job.result!['adapter']))).theta,
  metrics: (await runMetrics(catalog.db, { run: job.run!, limit: 1000 })).metrics.map(
    ({ tokensPerSecond: _, ...rest }) => rest,
  ),
});
let whole: Awaited<ReturnType<typeof made>>;

/** The process of a worker, by what the log says of it. */
const workers: number[] = [];
const log = {
  info({ worker }: { worker?: number }, text: string): void {
    if (text === 'a worker was started') workers.push(worker!);
  },
};
const quiet = { warn: () => undefined, error: () => undefined };
const options = { log: { ...log, ...quiet } as never, maxCrashes: 3 };
const kill = (signal: NodeJS.Signals): void => {
  try {
    process.kill(workers.at(-1)!, signal);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
  }
};

test('when its worker is killed at random moments, a job continues by itself and gives bit-identical results', async () => {
  const open = await openQueue(home, { ...options, maxCrashes: 100 });
  try {
    whole = await made(open, await open.reached(await open.submit(SPEC), 'succeeded'));
    for (const rounds of [1, 3]) {
      const job = await open.submit(SPEC);
      for (let round = 0; round < rounds; round++) {
        const at = 1 + Math.floor(random() * 60);
        await Promise.race([
          open.told(job, ({ event, step }) => event === 'step' && Number(step) >= at),
          open.reached(job, 'succeeded'),
        ]);
        await sleep(random() * 20);
        const before = workers.length;
        kill('SIGKILL');
        while (workers.length === before && (await open.queue.get({ job: job.id })).state !== 'succeeded')
          await sleep(10);
      }
      const done = await open.reached(job, 'succeeded');
      const crashes = done.attempts.filter(({ outcome }) => outcome === 'crashed');
      assert.ok(crashes.length > 0 || rounds === 1, JSON.stringify(done.attempts));
      for (const { reason } of crashes) assert.match(reason!, /SIGKILL.*memory probably ran out/);
      assert.deepEqual(await made(open, done), whole);
    }
  } finally {
    await open.close();
  }
});

test('a job fails after repeated crashes before its first checkpoint; a frozen worker is noticed', async () => {
  const open = await openQueue(home, { ...options, silenceMs: 2500 });
  try {
    const job = await open.submit(tinyTraining(tiny, { steps: 100_000, checkpointEvery: 100_000, evalEvery: 100_000 }));
    for (const signal of ['SIGSTOP', 'SIGKILL', 'SIGKILL'] as const) {
      await open.told(job, ({ event, step }) => event === 'step' && Number(step) >= 2);
      const killed = workers.length;
      kill(signal);
      // What it told before is still being written: the next is waited for.
      if (signal !== 'SIGKILL' || (await open.queue.get({ job: job.id })).attempts.length < 3)
        while (workers.length === killed) await sleep(10);
    }
    const failed = await open.reached(job, 'failed');
    assert.deepEqual(
      failed.attempts.map(({ outcome }) => outcome),
      ['crashed', 'crashed', 'crashed'],
    );
    assert.match(failed.attempts[0]!.reason!, /no sign of life for 2.5 s/);
    assert.match(failed.error!.message, /ended unexpectedly 3 times without getting further: .*SIGKILL/);
  } finally {
    await open.close();
  }
});

/** Runs a daemon that is killed at the first line that fits, some milliseconds later; returns the lines. */
async function daemonKilled(
  spec: JobSpec | undefined,
  fits: (line: string) => boolean,
  delay: number,
): Promise<string[]> {
  const script = fileURLToPath(new URL('../../test/jobs/daemon.ts', import.meta.url));
  const child = spawn(process.execPath, [script, home, ...(spec ? [JSON.stringify(spec)] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const over = once(child, 'close');
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (!fits(line)) continue;
    await sleep(delay);
    child.kill('SIGKILL');
    break;
  }
  await over;
  return lines;
}

test('when a daemon is killed while a job waits, runs or ends, the next one continues, with bit-identical results', async () => {
  const first = await daemonKilled(SPEC, (line) => /^job \d+ queued/.test(line), 0);
  const id = Number(/^job (\d+)/.exec(first.find((line) => line.startsWith('job'))!)![1]);
  await daemonKilled(undefined, (line) => /^step (8|9|1\d)$/.test(line), random() * 50);
  await daemonKilled(undefined, (line) => /^(done|job \d+ succeeded)/.test(line), 0);
  const open = await openQueue(home, options);
  try {
    const done = await open.reached(id, 'succeeded');
    assert.ok(
      done.attempts.some(({ outcome }) => outcome === 'lost'),
      JSON.stringify(done.attempts),
    );
    assert.deepEqual(await made(open, done), whole);
    assert.deepEqual(
      (await open.catalog.db.selectFrom('adapter').select('run_id').where('run_id', '=', done.run).execute()).length,
      1,
    );
  } finally {
    await open.close();
  }
});

test('a queue that is stopped and opened again continues from the checkpoint', async () => {
  const open = await openQueue(home, options);
  const job = await open.submit(SPEC);
  const waiting = await open.submit(
    { kind: 'evaluate', data: tiny.data, base: tiny.base, length: 32 },
    { needs: [job.id] },
  );
  await open.told(job, ({ event, step }) => event === 'step' && Number(step) >= 7);
  await open.close();
  const again = await openQueue(home, options);
  try {
    const done = await again.reached(job, 'succeeded');
    assert.deepEqual(
      done.attempts.map(({ outcome }) => outcome),
      ['paused', 'succeeded'],
    );
    assert.match(done.attempts[0]!.reason!, /the daemon was stopped/);
    assert.deepEqual(await made(again, done), whole);
    await again.reached(waiting, 'succeeded');
  } finally {
    await again.close();
  }
});

test('a job fails with the reason if its folder cannot be written, and can be tried again', async () => {
  const open = await openQueue(home, options);
  try {
    const out = join(root, 'blocked', 'out');
    const job = await open.submit(tinyTraining(tiny, { out }));
    await open.queue.pause({ job: job.id }, ACTOR);
    writeFileSync(join(root, 'blocked'), 'a file where a folder should be');
    await assert.rejects(open.submit(tinyTraining(tiny, { out: join(root, 'blocked', 'other') })), { code: 'io' });
    await open.queue.resume({ job: job.id }, ACTOR);
    const failed = await open.reached(job, 'failed');
    assert.equal(failed.error!.code, 'io');
    assert.match(failed.error!.message, /a part of the path is a file/);
    rmSync(join(root, 'blocked'));
    mkdirSync(join(root, 'blocked'));
    await open.queue.retry({ job: job.id }, ACTOR);
    await open.reached(job, 'succeeded');
    assert.ok(existsSync(join(out, 'adapter_config.json')));
  } finally {
    await open.close();
  }
});
