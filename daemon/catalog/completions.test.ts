import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, someContent, temporaryCatalog } from '../../test/catalog.ts';
import type { AdapterRow } from '../protocol/adapters.ts';
import type { Completion } from '../protocol/completions.ts';
import { deleteAdapter, restoreAdapter } from './adapters.ts';
import { forget, listTexts, pruneCompletions, recordCompletions, setCounting, summarise } from './completions.ts';
import type { Catalog } from './open.ts';
import { DAY, purgeTrash } from './trash.ts';

let keys = 0;
const completion = (adapter: AdapterRow | null, changes: Partial<Completion> = {}): Completion => ({
  key: `completion ${++keys}`,
  shownAt: Date.now(),
  adapter: adapter === null ? null : { id: adapter.id, hash: adapter.hash },
  base: '/models/some-model',
  language: 'typescript',
  latencyMs: 100,
  outcome: 'open',
  characters: 20,
  accepted: { characters: 0, lines: 0 },
  kept: [null, null, null],
  ...changes,
});
const record = (catalog: Catalog, ...completions: Completion[]): Promise<number> =>
  catalog.change((change) => recordCompletions(change, completions));
const summary = (catalog: Catalog, params: Parameters<typeof summarise>[1] = {}): ReturnType<typeof summarise> =>
  summarise(catalog.db, params);

test('a record that is repeated or replaced adds nothing twice', async () => {
  const catalog = await temporaryCatalog();
  const adapter = await add(catalog, 'notes');
  const shown = completion(adapter);
  assert.equal(await record(catalog, shown), 1);
  await record(catalog, shown);
  const accepted = { ...shown, outcome: 'accepted' as const, accepted: { characters: 20, lines: 2 } };
  await record(catalog, accepted, accepted);
  await record(catalog, { ...accepted, kept: [20, 20, null] });
  await record(catalog, { ...accepted, kept: [20, 20, 5] }, completion(null, { outcome: 'ignored', latencyMs: null }));
  const { total, rows, counting, texts } = await summary(catalog);
  assert.deepEqual([counting, texts], [true, 0]);
  assert.equal(total.shown, 2);
  const [first, second] = rows;
  assert.deepEqual(
    [first!.adapter, first!.base, second!.adapter, second!.ignored, second!.latencyMs],
    [{ id: adapter.id, name: 'notes' }, 'some-model', null, 1, null],
  );
  assert.deepEqual(
    [
      first!.shown,
      first!.accepted,
      first!.partly,
      first!.shownCharacters,
      first!.acceptedCharacters,
      first!.acceptedLines,
    ],
    [1, 1, 0, 20, 20, 2],
  );
  assert.deepEqual(first!.kept, [
    { seconds: 30, of: 20, characters: 20 },
    { seconds: 120, of: 20, characters: 20 },
    { seconds: 600, of: 20, characters: 5 },
  ]);
  assert.ok(Math.abs(first!.latencyMs!.p50 - 100) <= 10);
});

test('sums are split by language and day; a number of days limits them', async () => {
  const catalog = await temporaryCatalog();
  const adapter = await add(catalog, 'notes');
  await record(
    catalog,
    completion(adapter),
    completion(adapter, { language: 'python' }),
    completion(adapter, { language: 'python', shownAt: Date.now() - DAY }),
  );
  const languages = (await summary(catalog, { by: 'language' })).rows;
  assert.deepEqual(languages.map(({ language, shown }) => [language, shown]), [['python', 2], ['typescript', 1]]); // prettier-ignore
  const days = (await summary(catalog, { by: 'day', adapter: 'notes' })).rows;
  assert.deepEqual(days.map(({ shown }) => shown), [2, 1]); // prettier-ignore
  assert.equal((await summary(catalog, { days: 1 })).total.shown, 2);
});

test('another adapter with the number, a late record, and what comes while counting is paused are not counted', async () => {
  const catalog = await temporaryCatalog();
  const adapter = await add(catalog, 'notes');
  assert.equal(await record(catalog, completion({ ...adapter, hash: 'cd'.repeat(32) })), 0);
  assert.equal(await record(catalog, completion({ ...adapter, id: 999 })), 0);
  assert.equal(await record(catalog, completion(adapter, { shownAt: Date.now() - 3 * DAY })), 0);
  await catalog.change((change) => setCounting(change, false, 'test'));
  assert.equal(await record(catalog, completion(adapter)), 0);
  assert.equal((await summary(catalog)).counting, false);
  await catalog.change((change) => setCounting(change, true, 'test'));
  assert.equal(await record(catalog, completion(adapter)), 1);
  assert.equal((await summary(catalog)).total.shown, 1);
});

test('texts are stored where they are given, listed page by page, and deleted', async () => {
  const catalog = await temporaryCatalog();
  const [one, two] = [await add(catalog, 'one'), await add(catalog, 'two', {}, someContent(2))];
  const text = (shown: string): Completion['text'] => ({ shown, file: '/code/a.ts' });
  const kept = completion(one, { text: text('first') });
  await record(catalog, kept, completion(two, { text: text('second') }), completion(one));
  await record(catalog, { ...kept, outcome: 'partly', accepted: { characters: 3, lines: 0 }, kept: [2, null, null] });
  const page = await listTexts(catalog.db, { limit: 1 });
  assert.equal(page.items[0]!.text, 'second');
  const [first] = (await listTexts(catalog.db, { limit: 1, after: page.next })).items;
  assert.deepEqual(
    [first!.text, first!.outcome, first!.acceptedCharacters, first!.keptCharacters, first!.file, first!.adapter!.name],
    ['first', 'partly', 3, 2, '/code/a.ts', 'one'],
  );
  assert.equal((await summary(catalog)).texts, 2);
  assert.equal((await summary(catalog, { adapter: 'two' })).texts, 1);
  const gone = await catalog.change((change) => forget(change, { adapter: 'one', only: 'texts' }, 'test'));
  assert.deepEqual(gone, { completions: 0, texts: 1 });
  assert.equal((await summary(catalog, { adapter: 'one' })).total.shown, 2);
  const rest = await catalog.change((change) => forget(change, {}, 'test'));
  assert.deepEqual(rest, { completions: 3, texts: 1 });
  assert.deepEqual(await catalog.db.selectFrom('completion_open').select('key').execute(), []);
});

test('the counts of an adapter stay while it is in the trash, and go with it', async () => {
  const catalog = await temporaryCatalog();
  const adapter = await add(catalog, 'notes');
  await record(catalog, completion(adapter, { text: { shown: 'x', file: 'f' } }), completion(null));
  await catalog.change((change) => deleteAdapter(change, { adapter: adapter.id, confirm: true }, 'test'));
  assert.equal((await summary(catalog)).total.shown, 2);
  await catalog.change((change) => restoreAdapter(change, adapter.id, 'test'));
  assert.equal((await summary(catalog, { adapter: 'notes' })).total.shown, 1);
  await catalog.change((change) => deleteAdapter(change, { adapter: adapter.id, confirm: true }, 'test'));
  const start = Date.now();
  for (let day = 0; day <= 31; day++) await purgeTrash(catalog, start + day * DAY);
  const { total, texts } = await summary(catalog);
  assert.deepEqual([total.shown, texts], [1, 0]);
});

test('what is older than the limits is deleted', async () => {
  const catalog = await temporaryCatalog();
  const adapter = await add(catalog, 'notes');
  await record(catalog, completion(adapter, { text: { shown: 'x', file: 'f' } }));
  const later = (days: number): Promise<void> =>
    catalog.change((change) => pruneCompletions({ ...change, now: Date.now() + days * DAY }));
  await later(3);
  assert.deepEqual(await catalog.db.selectFrom('completion_open').select('key').execute(), []);
  assert.equal((await summary(catalog)).texts, 1);
  await later(91);
  assert.equal((await summary(catalog)).texts, 0);
  assert.equal((await summary(catalog)).total.shown, 1);
  await later(402);
  assert.equal((await summary(catalog)).total.shown, 0);
});
