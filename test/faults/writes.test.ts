// Slow: kills workers while they write.
/**
 * What a job writes is whole or absent. The tests kill worker and daemon while they import, export and merge, and use full and
 * read-only disks (small file systems in memory). Each job fails with that reason or succeeds by itself, what was there before
 * stays intact, and the job can be tried again.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { type Client, connect } from '../../daemon/client/connect.ts';
import { stopDaemon } from '../../daemon/client/stop.ts';
import { seededRandom } from '../../daemon/data/random.ts';
import { catalogFile } from '../../daemon/home.ts';
import * as adapters from '../../daemon/protocol/adapters.ts';
import type { VeraError } from '../../daemon/protocol/errors.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';
import { countedRounds } from '../counted.ts';
import { daemonHome } from '../daemon.ts';
import { tinyModel, tinyTraining } from '../queue.ts';
import { over } from './over.ts';
import { canKill, daemonPid, kill, workersOf } from './victims.ts';

const ROUNDS = Number(process.env['VERA_FAULT_ROUNDS'] ?? 12);
const random = seededRandom(Number(process.env['VERA_FAULT_SEED'] ?? 2));
const home = daemonHome();
const model = tinyModel(home);

/** A client that does not outlive its test. */
async function opened(t: TestContext): Promise<Client> {
  const client = await connect({ patience: 60_000 });
  t.after(() => client.close());
  return client;
}

async function run(client: Client, spec: jobs.JobSpec): Promise<jobs.Job> {
  const { id } = await client.call(jobs.submit, { spec });
  return over(client, id);
}

/** Names and contents of a folder's files, but for those that say when or where they were written. */
function contents(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((file) => {
      const path = join(file.parentPath, file.name);
      return [path.slice(dir.length), file.name === 'vera-merge.json' ? '' : readFileSync(path, 'latin1')];
    }),
  );
}

let adapter = 0;
test('an adapter to work with', async (t) => {
  const client = await opened(t);
  const job = await run(client, { ...tinyTraining(model), name: 'kept' });
  assert.equal(job.state, 'succeeded', JSON.stringify(job.error));
  adapter = Number(job.result?.['adapter']);
});

test(
  `${ROUNDS} rounds of killing jobs that import, export and merge`,
  { skip: canKill, timeout: 600_000 },
  async (t) => {
    const client = await opened(t);
    const spec = (kind: string, out: string, name: string): jobs.JobSpec => {
      if (kind === 'merge') return { kind, adapter, out };
      if (kind === 'export') return { kind, adapter, format: 'peft', projection: true, out };
      return { kind: 'import', dir: join(home, 'true-export'), base: model.base, name };
    };
    for (const kind of ['export', 'merge', 'import']) {
      const job = await run(client, spec(kind, join(home, `true-${kind}`), 'true-import'));
      assert.equal(job.state, 'succeeded', `${kind}: ${JSON.stringify(job.error)}`);
    }
    const { hash } = await client.call(adapters.get, { adapter: 'true-import' });
    let kills = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const kind = (['export', 'merge', 'import'] as const)[round % 3]!;
      const victim = (['worker', 'daemon', 'both'] as const)[Math.floor(round / 3) % 3]!;
      const out = join(home, `${kind}-${round}`);
      // Submitting is not repeated by itself: a daemon that was killed after the last job's end has to be noticed first.
      await client.call(jobs.list, { limit: 1 });
      const { id } = await client.call(jobs.submit, { spec: spec(kind, out, `imported-${round}`) });
      let ended = false;
      const end = over(client, id).finally(() => (ended = true));
      // The blow falls while the worker lives, or where none is to be killed (it was quicker), in the daemon's own work.
      while (!ended && workersOf(daemonPid() ?? 0).length === 0) await sleep(1);
      await sleep(random() * 700);
      kills += kill(victim).length;
      const job = await end;
      const what = JSON.stringify({ round, kind, victim, error: job.error, attempts: job.attempts });
      assert.equal(job.state, 'succeeded', what);
      if (kind === 'import') {
        assert.equal((await client.call(adapters.get, { adapter: `imported-${round}` })).hash, hash, what);
      } else assert.deepEqual(contents(out), contents(join(home, `true-${kind}`)), what);
      const stray = readdirSync(home).filter((name) => name.startsWith('.') || name.includes('.tmp'));
      assert.deepEqual(stray, [], what);
    }
    t.diagnostic(`${kills} processes killed`);
    countedRounds('Killing them while jobs import, export and merge', ROUNDS);
    const { items } = await client.call(adapters.list, { limit: 500 });
    const imports = Array.from({ length: ROUNDS }, (_, i) => i).filter((i) => i % 3 === 2);
    assert.equal(items.length, 2 + imports.length, 'one adapter an import');
    await stopDaemon();
    const db = new Database(catalogFile(), { readonly: true });
    assert.deepEqual(db.pragma('integrity_check'), [{ integrity_check: 'ok' }]);
    db.close();
  },
);

/** A file system of some bytes in memory; undefined where this process may not mount one. */
function mounted(name: string, bytes: number): string | undefined {
  const dir = join(home, name);
  mkdirSync(dir, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', dir], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  after(() => {
    execFileSync('umount', ['-l', dir], { stdio: 'ignore' });
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}
const remount = (dir: string, option: string): void => {
  execFileSync('mount', ['-o', `remount,${option}`, dir], { stdio: 'ignore' });
};
const NO_MOUNT = 'this process may not mount a file system';

test('a full disk fails the job with that reason, leaves nothing half-written, and the job can be tried again', async (t) => {
  const disk = mounted('small', 32 * 1024);
  if (disk === undefined) return t.skip(NO_MOUNT);
  const client = await opened(t);
  const before = await client.call(adapters.get, { adapter });
  const training = await client.call(jobs.submit, {
    spec: { ...tinyTraining(model, { out: join(disk, 'run'), rank: 256 }), name: 'late' },
  });
  // A merged model is larger than the disk from the start; the run outgrows it with its checkpoints.
  const merge = await run(client, { kind: 'merge', adapter, out: join(disk, 'merged') });
  for (const job of [await over(client, training.id), merge]) {
    assert.equal(job.state, 'failed', job.title);
    assert.equal(job.error?.code, 'io', JSON.stringify(job.error));
    assert.match(job.error.message, /no space|ENOSPC|full/i);
  }
  assert.ok(!existsSync(join(disk, 'merged')), 'a merged model that is not whole is visible');
  assert.ok(!existsSync(join(disk, 'run', 'adapter_config.json')));
  assert.equal((await client.call(adapters.get, { adapter })).hash, before.hash);
  remount(disk, 'size=50m');
  for (const { id } of [merge, training]) {
    await client.call(jobs.retry, { job: id });
    const job = await over(client, id);
    assert.equal(job.state, 'succeeded', JSON.stringify(job.error));
  }
  assert.ok(statSync(join(disk, 'merged', 'model.safetensors')).size > 32 * 1024);
});

test('a read-only folder fails the job with that reason, and the job can be tried again', async (t) => {
  const disk = mounted('locked', 50 << 20);
  if (disk === undefined) return t.skip(NO_MOUNT);
  remount(disk, 'ro');
  const client = await opened(t);
  const out = join(disk, 'exported');
  const job = await run(client, { kind: 'export', adapter, format: 'peft', out });
  assert.equal(job.state, 'failed');
  assert.equal(job.error?.code, 'io');
  assert.match(job.error.message, /read-only|EROFS/i);
  remount(disk, 'rw');
  await client.call(jobs.retry, { job: job.id });
  assert.equal((await over(client, job.id)).state, 'succeeded');
  assert.ok(existsSync(join(out, 'adapter_config.json')));
});

test('a full disk under the catalog: nothing is acknowledged that is not kept, and work continues when there is room', async (t) => {
  await stopDaemon();
  const state = mounted('state', 24 << 20);
  if (state === undefined) return t.skip(NO_MOUNT);
  process.env['VERA_HOME'] = state;
  try {
    const client = await opened(t);
    const ids = [(await client.call(jobs.submit, { spec: { ...tinyTraining(model), name: 'first' } })).id];
    assert.equal((await over(client, ids[0]!)).state, 'succeeded');
    const filler = join(state, 'filler');
    try {
      for (let i = 0; ; i++) writeFileSync(filler, Buffer.alloc(64 * 1024), { flag: 'a' });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
    const refusals: string[] = [];
    for (let i = 0; i < 40 && refusals.length < 3; i++) {
      const spec = { ...tinyTraining(model), note: 'x'.repeat(9000) };
      await client.call(jobs.submit, { spec, priority: -1 }).then(
        ({ id }) => ids.push(id),
        (error: unknown) => refusals.push(`${(error as VeraError).code}: ${(error as VeraError).message}`),
      );
    }
    assert.ok(refusals.length > 0, `${ids.length} jobs were taken on a full disk`);
    for (const refusal of refusals) assert.match(refusal, /^io: .*(full|space)/i);
    rmSync(filler);
    // Of jobs in hand some may have failed for the disk; each is there, and new work goes through.
    const listed = await client.call(jobs.list, { limit: 500 });
    assert.deepEqual(
      listed.items.map(({ id }) => id).sort((a, b) => a - b),
      ids,
    );
    const last = await client.call(jobs.submit, { spec: { ...tinyTraining(model), name: 'last' }, priority: 100 });
    assert.equal((await over(client, last.id)).state, 'succeeded');
    await stopDaemon();
    const db = new Database(catalogFile(), { readonly: true });
    assert.deepEqual(db.pragma('integrity_check'), [{ integrity_check: 'ok' }]);
    db.close();
  } finally {
    await stopDaemon({ now: true });
    process.env['VERA_HOME'] = home;
  }
});
