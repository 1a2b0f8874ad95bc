import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryCatalog } from '../../test/catalog.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import type { RunEvent } from '../protocol/runEvents.ts';
import { pruneEvents } from './events.ts';
import { insertJob } from './jobs.ts';
import { addMetrics, runMetrics } from './metrics.ts';
import { MIGRATIONS } from './migrations/registry.ts';
import { openCatalog } from './open.ts';
import type { Catalog } from './open.ts';
import { ensureUser } from './owners.ts';
import { createRun } from './runs.ts';
import { addSample, runSamples } from './samples.ts';
import { connect } from './sqlite.ts';

/** A training job with its run. */
const begin = (catalog: Catalog): Promise<{ job: number; run: number }> =>
  catalog.change(async (change) => {
    const userId = await ensureUser(change, 'ann');
    const spec = { kind: 'train', settings: { data: '/d', base: '/b' } } as const;
    const about = {
      kind: 'train',
      title: 't',
      priority: 0,
      spec,
      userId,
      projectId: null,
      key: undefined,
      needs: [],
    } as const;
    const job = await insertJob(change.db, about, change.now);
    const run = await createRun(change, {
      jobId: job,
      userId,
      projectId: null,
      settings: {},
      out: '/o',
      actor: 'test',
    });
    return { job, run };
  });

test('samples stay when the log of events is pruned; what a resumed run writes again replaces what was there', async () => {
  const catalog = await temporaryCatalog();
  const { run } = await begin(catalog);
  await catalog.change(async (change) => {
    await addSample(change, run, { when: 'before', prompt: 'one', text: 'a' });
    await addSample(change, run, { when: 'before', prompt: 'two', text: '' });
    await addSample(change, run, { when: 'after', prompt: 'one', text: 'b' });
    await addSample(change, run, { when: 'after', prompt: 'one', text: 'c' });
  });
  await catalog.change(({ db }) => pruneEvents(db, 0));
  assert.deepEqual(await runSamples(catalog.db, run), [
    { prompt: 'one', before: 'a', after: 'c' },
    { prompt: 'two', before: '', after: null },
  ]);
  await assert.rejects(runSamples(catalog.db, 99), { code: 'missing' });
});

test('a catalog of the version before keeps the samples that its log still has, and loses nothing', async () => {
  const file = join(temporaryFolder(), 'catalog', 'catalog.db');
  const old = await openCatalog(file, { migrations: MIGRATIONS.slice(0, 1) });
  const [first, second] = [await begin(old), await begin(old)];
  await old.change(async (change) => {
    const say = (job: number, event: RunEvent): void => change.emit({ type: 'worker', job, event });
    say(first.job, { event: 'note', text: 'not a "event":"sample" at all' });
    say(first.job, { event: 'sample', when: 'before', prompt: 'p "1"\n', text: 'x' });
    say(second.job, { event: 'sample', when: 'before', prompt: 'q', text: 'other run' });
    say(first.job, { event: 'sample', when: 'after', prompt: 'p "1"\n', text: 'y' });
    say(first.job, { event: 'sample', when: 'after', prompt: 'p "1"\n', text: 'z' });
    await addMetrics(change, first.run, [
      {
        step: 1,
        epoch: 0,
        loss: 3.5,
        heldOutLoss: null,
        learningRate: 0.1,
        gradientNorm: 2,
        tokens: 9,
        tokensPerSecond: 8,
        accuracy: null,
      },
    ]);
  });
  const before = await runMetrics(old.db, { run: first.run, limit: 10 });
  await old.close();
  const catalog = await openCatalog(file);
  assert.equal(catalog.schema, MIGRATIONS.length);
  assert.deepEqual(await runSamples(catalog.db, first.run), [{ prompt: 'p "1"\n', before: 'x', after: 'z' }]);
  assert.deepEqual(await runSamples(catalog.db, second.run), [{ prompt: 'q', before: 'other run', after: null }]);
  assert.deepEqual(await runMetrics(catalog.db, { run: first.run, limit: 10 }), before);
  await catalog.close();
});

test('a metric of the table that the catalog has no column for gets one when it is opened', async () => {
  const catalog = await temporaryCatalog();
  const { run } = await begin(catalog);
  const row = { step: 1, epoch: 0, loss: 3.5, heldOutLoss: 3, learningRate: 0.1, gradientNorm: 2, tokens: 9, tokensPerSecond: 8, accuracy: null }; // prettier-ignore
  await catalog.change((change) => addMetrics(change, run, [row]));
  await catalog.close();
  const database = connect(catalog.file);
  database.exec(
    'ALTER TABLE metric DROP COLUMN tokens_per_second; ALTER TABLE metric ADD COLUMN of_a_newer_version REAL',
  );
  database.close();
  const opened = await openCatalog(catalog.file);
  assert.deepEqual((await runMetrics(opened.db, { run, limit: 5 })).metrics, [{ ...row, tokensPerSecond: null }]);
  await opened.change((change) => addMetrics(change, run, [{ ...row, tokensPerSecond: 5 }]));
  assert.deepEqual((await runMetrics(opened.db, { run, limit: 5 })).metrics, [{ ...row, tokensPerSecond: 5 }]);
  await opened.close();
});
