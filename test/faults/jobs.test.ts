// Slow: kills workers and daemons while they train.
/**
 * Kills worker, daemon, or both at every step of a training job's life: at signs in its folder and at random moments. In each
 * round, the acknowledged job is there and succeeds by itself, its metrics and its adapter have the bits of an undisturbed
 * run, a follower gets every event once and in order, nothing half-written is visible, and the catalog is whole.
 * VERA_FAULT_ROUNDS sets the number of rounds, VERA_FAULT_SEED the randomness.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { type Client, connect } from '../../daemon/client/connect.ts';
import { stopDaemon } from '../../daemon/client/stop.ts';
import { seededRandom } from '../../daemon/data/random.ts';
import { catalogFile } from '../../daemon/home.ts';
import * as adapters from '../../daemon/protocol/adapters.ts';
import type { Event } from '../../daemon/protocol/events.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';
import * as runs from '../../daemon/protocol/runs.ts';
import { countedRounds } from '../counted.ts';
import { daemonHome } from '../daemon.ts';
import { tinyModel, tinyTraining } from '../queue.ts';
import { over } from './over.ts';
import { canKill, kill, seen, type Sign, SIGNS, type Victim } from './victims.ts';

const ROUNDS = Number(process.env['VERA_FAULT_ROUNDS'] ?? 24);
const SEED = Number(process.env['VERA_FAULT_SEED'] ?? 1);

const home = daemonHome();
const random = seededRandom(SEED);
const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
const model = tinyModel(home);
const bytes = (out: string, name: string): Buffer => readFileSync(join(out, name));

/** A client that does not outlive its test. */
async function opened(t: TestContext): Promise<Client> {
  const client = await connect({ patience: 60_000 });
  t.after(() => client.close());
  return client;
}

/** Submits a job that trains into a folder, and follows it; the events that a follower saw. */
async function train(client: Client, out: string, key: string): Promise<{ id: number; events: Event[] }> {
  const spec = tinyTraining(model, { out });
  const { id } = await client.call(jobs.submit, { spec: { ...spec, name: key }, key });
  const events: Event[] = [];
  await client.follow([`job/${id}`], 0, { events: (some) => void events.push(...some) });
  return { id, events };
}

/** The job once it is over, whatever happens to the daemon meanwhile. */
/** The result and the events of a run, without what depends on the clock. */
async function figures(client: Client, job: jobs.Job) {
  const { metrics } = await client.call(runs.metrics, { run: job.run! });
  const adapter = await client.call(adapters.get, { adapter: Number(job.result?.['adapter']) });
  return {
    hash: adapter.hash,
    metrics: metrics.map(({ tokensPerSecond: _, ...rest }) => rest),
    steps: metrics.filter(({ loss }) => loss !== null).length,
  };
}

/** Checks that numbers rise and that each step after the last start has exactly one event. */
function checkEvents(events: readonly Event[]): void {
  const numbers = events.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    'an event came twice or out of order',
  );
  const told = events.flatMap(({ body }) => (body.type === 'worker' ? [body.event] : []));
  const last = told.findLastIndex(({ event }) => event === 'start');
  const steps = told.slice(last).flatMap((one) => (one.event === 'step' ? [one.step] : []));
  const begun = told[last];
  const from = begun?.event === 'start' ? begun.step : 0;
  assert.deepEqual(
    steps,
    Array.from({ length: 12 - from }, (_, i) => from + 1 + i),
    'a step was not told, or twice',
  );
}

test(
  `${ROUNDS} rounds of killing worker and daemon while a job lives`,
  { skip: canKill, timeout: 900_000 },
  async (t) => {
    // Many crashes may happen here without a checkpoint between them; they are not the fault of the job.
    const client = await opened(t);
    const reference = await train(client, join(home, 'reference'), 'reference');
    const undisturbed = await over(client, reference.id);
    assert.equal(undisturbed.state, 'succeeded', JSON.stringify(undisturbed.error));
    const expected = await figures(client, undisturbed);
    assert.equal(expected.steps, 12);

    const signs = Object.keys(SIGNS) as Sign[];
    const kills = new Map<string, number>();
    const acknowledged = [reference.id];
    for (let round = 0; round < ROUNDS; round++) {
      const out = join(home, `out-${round}`);
      const { id, events } = await train(client, out, `round-${round}`);
      acknowledged.push(id);
      let ended = false;
      const end = over(client, id).finally(() => (ended = true));
      // First every sign has its turn, then moments are random. A second kill may hit the recovery from the first.
      const blows: { sign: Sign; victim: Victim; after: number }[] = [
        {
          sign: signs[round % signs.length]!,
          victim: (['worker', 'daemon', 'both'] as const)[Math.floor(round / signs.length) % 3]!,
          after: random() < 0.5 ? 0 : random() * 60,
        },
      ];
      if (random() < 0.4) blows.push({ sign: pick(signs), victim: pick(['daemon', 'both']), after: random() * 1500 });
      const what = JSON.stringify({ round, blows });
      for (const { sign, victim, after } of blows) {
        if (!(await seen(sign, out, () => ended))) break;
        if (after > 0) await sleep(after);
        if (kill(victim).length > 0) kills.set(`${victim} at ${sign}`, (kills.get(`${victim} at ${sign}`) ?? 0) + 1);
      }
      const job = await end;
      assert.equal(job.state, 'succeeded', `${what}: ${JSON.stringify([job.error, job.attempts])}`);
      assert.deepEqual(await figures(client, job), expected, what);
      for (const file of ['metrics.jsonl', 'adapter_model.safetensors'])
        assert.ok(bytes(out, file).equals(bytes(join(home, 'reference'), file)), `${file} differs: ${what}`);
      const stray = readdirSync(out, { recursive: true }).map(String);
      assert.deepEqual(
        stray.filter((name) => /\.tmp|\.result|\.lock/.test(name)),
        [],
        what,
      );
      assert.deepEqual(
        job.attempts.filter(({ outcome }) => outcome === null),
        [],
        what,
      );
      await until(() => events.some(({ body }) => body.type === 'job' && body.job.state === 'succeeded'), what);
      checkEvents(events);
    }
    // Submitting again with an old key gives the first job, even after all these restarts.
    const again = await client.call(jobs.submit, { spec: tinyTraining(model), key: 'round-0' });
    assert.equal(again.id, acknowledged[1]);
    const all = await client.call(jobs.list, { limit: 500 });
    assert.deepEqual(
      all.items.map(({ id }) => id).sort((a, b) => a - b),
      acknowledged,
      'a job that was acknowledged is lost, or one came that nobody asked for',
    );
    const { items } = await client.call(adapters.list, { limit: 500 });
    assert.equal(items.length, ROUNDS + 1, 'one adapter a job');
    await stopDaemon();
    assert.ok(existsSync(catalogFile()));
    const db = new Database(catalogFile(), { readonly: true });
    assert.deepEqual(db.pragma('integrity_check'), [{ integrity_check: 'ok' }]);
    assert.deepEqual(db.pragma('foreign_key_check'), []);
    db.close();
    const tally = [...kills].map(([name, count]) => `${count} x ${name}`).join(', ');
    t.diagnostic(`kills: ${[...kills.values()].reduce((a, b) => a + b, 0)} (${tally})`);
    assert.ok(kills.size > 0, 'nothing was killed');
    countedRounds('Killing worker, daemon or both while a training job lives', ROUNDS);
  },
);

async function until(holds: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + 20_000; !holds(); await sleep(20))
    assert.ok(performance.now() < end, `a follower did not see the end: ${what}`);
}
