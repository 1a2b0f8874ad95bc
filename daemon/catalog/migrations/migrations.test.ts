import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { temporaryFolder } from '../../../test/temporary.ts';
import { saveStored } from '../../jobs/stored.ts';
import { storedForm } from '../../methods/stored.ts';
import type { AdapterRow } from '../../protocol/adapters.ts';
import { activeAdapter, adapterContent, addAdapter, getAdapter, listAdapters, restoreAdapter } from '../adapters.ts';
import { problemsIn } from '../check.ts';
import { openCatalog } from '../open.ts';
import { ensureUser } from '../owners.ts';
import { readPacked } from '../packed.ts';
import { connect } from '../sqlite.ts';
import { MIGRATIONS } from './registry.ts';

const fixtures = join(import.meta.dirname, '../../../test/fixtures/catalog');

/** An adapter as the version with schema 1 showed it, its vectors, and the sha256 of each file of the PEFT folders it wrote. */
type Expected = Omit<AdapterRow, 'options' | 'ownFrozen'> & {
  rank: number;
  projectionKey: number | null;
  theta: string;
  peft: Record<string, string>;
};
const EXPECTED = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as readonly Expected[];
const bits = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** The catalog that the version with schema 1 left, opened by this one. */
async function migrated() {
  const file = join(temporaryFolder(), 'catalog.db');
  writeFileSync(file, gunzipSync(readFileSync(join(fixtures, 'catalog.db.gz'))));
  return { file, catalog: await openCatalog(file) };
}

test('a catalog of schema 1 opens, and no adapter loses anything', async () => {
  const { file, catalog } = await migrated();
  const folder = temporaryFolder();
  await catalog.change((change) => restoreAdapter(change, EXPECTED.at(-1)!.id, 'test'));
  for (const { theta, peft, rank, projectionKey, ...before } of EXPECTED) {
    const { options, ownFrozen, ...row } = await getAdapter(catalog.db, { adapter: before.id });
    assert.deepEqual(row, before);
    assert.equal(options['rank'], rank);
    assert.equal(ownFrozen, before.method === 'vera' && projectionKey === null);
    // Reading checks the content hash, which covers the frozen tensors too.
    const content = await adapterContent(catalog.db, before.id);
    assert.equal(bits(content.theta).toString('base64'), theta);
    assert.deepEqual(content.tensors, storedForm(content.method, content.sites, content.options).tensors);
    for (const [path, sha256] of Object.entries(peft)) {
      const [kind, name] = path.split('/') as [string, string];
      const dir = join(folder, `${before.id}-${kind}`);
      if (!readdirSync(folder).includes(`${before.id}-${kind}`))
        await saveStored(catalog, before.id, dir, { projection: kind === 'whole' });
      const written = createHash('sha256')
        .update(readFileSync(join(dir, name)))
        .digest('hex');
      assert.equal(written, sha256, `${before.name}: ${path}`);
    }
  }
  assert.equal((await activeAdapter(catalog.db, { user: 'ann' })).adapter?.name, 'vera-qv');
  assert.equal((await catalog.db.selectFrom('layout').select('id').execute()).length, 5);
  assert.equal((await catalog.db.selectFrom('frozen').select('id').execute()).length, 1);
  await catalog.close();
  const database = connect(file, { reads: true });
  assert.deepEqual(problemsIn(database, { full: true }), []);
  database.close();
});

test('what is added after the migration shares layouts and matrices with what was there', async () => {
  const { catalog } = await migrated();
  const old = await adapterContent(catalog.db, EXPECTED.find(({ name }) => name === 'vera-own-matrices')!.id);
  await catalog.change(async (change) =>
    addAdapter(
      change,
      { ...old, theta: old.theta.map((value) => value + 1) },
      {
        name: 'new',
        userId: await ensureUser(change, 'ann'),
        projectId: null,
        actor: 'test',
      },
    ),
  );
  assert.equal((await catalog.db.selectFrom('layout').select('id').execute()).length, 5);
  assert.equal((await catalog.db.selectFrom('frozen').select('id').execute()).length, 1);
  assert.deepEqual(
    (await listAdapters(catalog.db, { limit: 5, deleted: true })).items.map(({ name }) => name),
    ['in-the-trash'],
  );
  await catalog.close();
});

test('packed adapters of that version open', () => {
  for (const name of ['vera-qv', 'vera-own-matrices']) {
    const { content, hash } = readPacked(join(fixtures, `${name}.safetensors`), storedForm);
    const expected = EXPECTED.find((one) => one.name === name)!;
    assert.equal(hash, expected.hash);
    assert.equal(bits(content.theta).toString('base64'), expected.theta);
    assert.equal(content.frozen !== undefined, name === 'vera-own-matrices');
  }
});

test('reports of the version before keep the figures of their plan', async () => {
  const file = join(temporaryFolder(), 'catalog', 'catalog.db');
  await (await openCatalog(file, { migrations: MIGRATIONS.slice(0, 3) })).close();
  const figures = { trainableParameters: 544, peakRssBytes: 2.5 };
  const older = { event: 'report', steps: 4, planned: figures };
  const without = { event: 'report', steps: 4 };
  const database = connect(file);
  const event = database.prepare("INSERT INTO event (time, type, body) VALUES (1, 'worker', ?)");
  const said = [older, without, { event: 'note', text: 'no "event":"report" and nothing planned' }];
  for (const one of said) event.run(JSON.stringify({ type: 'worker', job: 1, event: one }));
  database.exec("INSERT INTO user (name, created_at) VALUES ('ann', 1)");
  const run = database.prepare(
    "INSERT INTO run (user_id, state, settings, out, created_at, report) VALUES (1, 'succeeded', '{}', '/o', 1, ?)",
  );
  for (const report of [{ report: older, done: { event: 'done' } }, { report: null }]) run.run(JSON.stringify(report));
  run.run(null);
  database.close();

  const catalog = await openCatalog(file);
  const { db } = catalog;
  const now = { event: 'report', steps: 4, estimate: figures };
  const events = await db.selectFrom('event').select('body').where('type', '=', 'worker').orderBy('number').execute();
  assert.deepEqual(
    events.map(({ body }) => (JSON.parse(body) as { event: unknown }).event),
    [now, ...said.slice(1)],
  );
  const runs = await db.selectFrom('run').select('report').orderBy('id').execute();
  assert.deepEqual(
    runs.map(({ report }) => report && (JSON.parse(report) as unknown)),
    [{ report: now, done: { event: 'done' } }, { report: null }, null],
  );
  await catalog.close();
});
