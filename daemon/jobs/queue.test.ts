// Slow: runs jobs in real workers.
import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACTOR, openQueue, tinyModel, tinyTraining } from '../../test/queue.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { adapterContent } from '../catalog/adapters.ts';
import { runMetrics } from '../catalog/metrics.ts';
import { readRates } from '../catalog/rates.ts';
import { getRun } from '../catalog/runs.ts';
import { VeraError } from '../protocol/errors.ts';
import { completeSettings } from '../train/settings.ts';
import { startTraining } from '../train/supervise.ts';

const root = temporaryFolder();
process.env['VERA_HOME'] = join(root, 'home');
const tiny = tinyModel(root);
const open = await openQueue(join(root, 'home'));
after(() => open.close());
const { catalog, queue, submit, reached } = open;

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !holds(); await sleep(5))
    if (performance.now() > end) assert.fail('not in ten seconds');
}

test('a training job puts its adapter into the catalog, bit-identical to that of a run without a daemon', async () => {
  const spec = { ...tinyTraining(tiny), name: 'first', tags: ['small'], activate: true };
  const job = await submit(spec, { key: 'one' });
  assert.equal(job.state, 'queued');
  assert.equal((await submit(spec, { key: 'one' })).id, job.id);
  const done = await reached(job, 'succeeded');
  assert.deepEqual(
    done.attempts.map(({ outcome }) => outcome),
    ['succeeded'],
  );
  assert.equal(done.progress.step, 12);
  assert.ok(done.memoryBytes! > 1e8);
  const { run, adapter } = await getRun(catalog.db, done.run!);
  assert.equal(run.state, 'succeeded');
  assert.equal(adapter?.name, 'first');
  assert.equal(done.result?.['adapter'], adapter.id);
  assert.deepEqual(adapter.tags, ['small']);
  assert.equal(run.out, join(root, 'home', 'runs', String(run.id)));
  const { metrics } = await runMetrics(catalog.db, { run: run.id, limit: 100 });
  assert.deepEqual(
    metrics.map(({ step }) => step),
    Array.from({ length: 13 }, (_, i) => i),
  );

  const out = join(root, 'foreground');
  const settings = completeSettings({ ...spec.settings, out });
  await startTraining(settings, false, () => undefined).ended;
  // A client that lost the answer asks again, and by then the job has written into the folder that it was given.
  const given = { ...spec, name: 'given', settings: { ...spec.settings, out: join(root, 'given') } };
  const named = await reached(await submit(given, { key: 'two' }), 'succeeded');
  assert.equal((await submit(given, { key: 'two' })).id, named.id);
  await assert.rejects(submit(given, { key: 'three' }), { code: 'usage' });
  const bytes = (dir: string): Buffer => readFileSync(join(dir, 'adapter_model.safetensors'));
  assert.deepEqual(bytes(run.out), bytes(out));
  assert.equal(adapter.bytes, bytes(out).length);
  const { theta } = await adapterContent(catalog.db, adapter.id);
  assert.ok(bytes(out).includes(Buffer.from(theta.buffer, theta.byteOffset, 32)));
  assert.equal(existsSync(join(root, 'home', 'jobs', String(job.id))), false);
});

test('an adapter of the catalog is evaluated, merged, exported and imported, and a base is downloaded', async () => {
  const [merged, exported] = [join(root, 'merged'), join(root, 'exported')];
  const merge = await submit({ kind: 'merge', adapter: 'first', out: merged });
  const evaluate = await submit({ kind: 'evaluate', data: tiny.data, adapter: 'first', length: 48 });
  const plain = await submit({ kind: 'evaluate', data: tiny.data, base: merged, length: 48 }, { needs: [merge.id] });
  const write = await submit({ kind: 'export', adapter: 'first', format: 'peft', out: exported });
  const take = await submit({ kind: 'import', dir: exported, base: tiny.base, name: 'back' }, { needs: [write.id] });
  const fetched = await submit({ kind: 'download', base: merged }, { needs: [merge.id] });
  const [m, e, p, w, t, f] = await Promise.all(
    [merge, evaluate, plain, write, take, fetched].map((job) => reached(job, 'succeeded')),
  );
  assert.ok(Number(m!.result!['maxLogitDifference']) < 1e-3);
  assert.ok(existsSync(join(merged, 'config.json')));
  assert.ok(Math.abs(Number(e!.result!['loss']) - Number(p!.result!['loss'])) < 1e-4);
  assert.ok(existsSync(join(exported, 'adapter_config.json')));
  assert.equal(w!.result!['format'], 'peft');
  assert.equal(f!.result!['dir'], merged);
  const installed = await catalog.db.selectFrom('base_model').selectAll().where('spec', '=', merged).execute();
  assert.deepEqual(
    installed.map(({ fingerprint, architecture }) => [fingerprint, architecture]),
    [[f!.result!['fingerprint'], 'LlamaForCausalLM']],
  );
  assert.ok(installed[0]!.parameters! > 0);
  const [one, two] = await Promise.all([1, Number(t!.result!['adapter'])].map((id) => adapterContent(catalog.db, id)));
  assert.deepEqual(two!.theta, one!.theta);
  const exports = await catalog.db.selectFrom('export').select(['kind', 'adapter_id']).orderBy('kind').execute();
  assert.deepEqual(exports, [
    { kind: 'merge', adapter_id: 1 },
    { kind: 'peft', adapter_id: 1 },
  ]);

  // Cancelled while its plan is made: the folder with the adapter for its worker goes too.
  const unwanted = await submit({ kind: 'evaluate', adapter: 'first', data: tiny.data });
  const folder = join(root, 'home', 'jobs', String(unwanted.id));
  await until(() => existsSync(folder));
  assert.equal((await queue.cancel({ job: unwanted.id }, ACTOR)).state, 'cancelled');
  await until(() => !existsSync(folder));
});

test('plans of several jobs are made by one process, which says each as it has it', async (t) => {
  const training = tinyTraining(tiny);
  const specs = [
    training,
    { ...training, settings: { ...training.settings, length: 16 } },
    { ...training, settings: { ...training.settings, data: '/nowhere.jsonl' } },
    { kind: 'download', base: 'someone/model' },
  ];
  const forked = t.mock.method(childProcess, 'fork');
  syncBuiltinESMExports();
  const came: number[] = [];
  const { plans, totalBytes } = await queue.plan({ specs, read: true }, { onPlan: (index) => came.push(index) });
  forked.mock.restore();
  syncBuiltinESMExports();
  assert.equal(forked.mock.callCount(), 1);
  assert.deepEqual(came, [2, 0, 1, 3]); // what cannot be is known before the process starts
  const [first, shorter, wrong, little] = plans;
  assert.ok(first && 'details' in first && shorter && 'details' in shorter && little && 'details' in little);
  assert.ok(first.memoryBytes > 1e8 && first.memoryBytes < totalBytes);
  assert.ok(Number(first.details['secondsPerStep']) > Number(shorter.details['secondsPerStep']));
  assert.equal(first.warning, null);
  assert.ok(wrong && 'error' in wrong && wrong.error.code === 'data');
  const rates = await readRates(catalog.db);
  assert.equal(rates.length, 1);
  await queue.plan({ specs: [training], read: false });
  assert.deepEqual(await readRates(catalog.db), rates, 'the machine was measured again');
});

test('a plan that nobody wants any more ends its process', async () => {
  const controller = new AbortController();
  const reason = new VeraError('cancelled', 'jobs.plan was cancelled');
  setTimeout(() => controller.abort(reason), 100);
  const specs = Array.from({ length: 16 }, () => tinyTraining(tiny));
  await assert.rejects(queue.plan({ specs, read: true }, { signal: controller.signal }), reason);
  await assert.rejects(queue.plan({ specs, read: true }, { signal: controller.signal }), reason);
});
