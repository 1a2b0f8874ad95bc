// Slow: starts a process.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DEMO, store } from '../../../test/served.ts';
import { type RawClient, rawClient, type Serving, serving } from '../../../test/serving.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import type { OfferedModel } from '../../protocol/generation.ts';

let one: Serving;
let client: RawClient;
const home = temporaryFolder();
before(async () => {
  one = await serving(home);
  client = await rawClient(one);
});
after(async () => {
  client.socket.close();
  await one.close();
});

const models = async (params: object = {}) =>
  (await client.ask('text.models', params)).result as {
    active: OfferedModel | null;
    bases: OfferedModel[];
    adapters: OfferedModel[];
    more: number;
  };
const names = (list: readonly OfferedModel[]): (string | undefined)[] => list.map(({ model }) => model.adapter?.name);

test('what can be asked is listed with what it can do, and no engine starts', async () => {
  assert.deepEqual(await models(), { active: null, bases: [], adapters: [], more: 0 });
  const first = await store(one.catalog, 'first', 1);
  const second = await store(one.catalog, 'second', 2);
  await client.ask('adapters.activate', { adapter: first.id });
  const { active, bases, adapters, more } = await models();
  assert.deepEqual([active?.model.adapter?.id, active?.model.active], [first.id, true]);
  assert.deepEqual(names(adapters), ['second', 'first']);
  assert.deepEqual([bases.length, bases[0]!.model.base, bases[0]!.model.adapter, more], [1, DEMO, null, 0]);
  assert.deepEqual(
    [adapters[0]!.abilities?.chat, adapters[0]!.problem, adapters[0]!.fingerprint],
    [true, null, bases[0]!.fingerprint],
  );
  assert.deepEqual(await one.engines.states(), []);

  const few = await models({ adapters: 1, bases: 0 });
  assert.deepEqual([names(few.adapters), few.more, few.bases], [['second'], 1, []]);
  await client.ask('adapters.delete', { adapter: second.id, confirm: true });
  assert.deepEqual(names((await models()).adapters), ['first']);
});

test('a base that is gone is listed with the reason', async () => {
  const move = (spec: string): Promise<unknown> =>
    one.catalog.change(({ db }) => db.updateTable('base_model').set({ spec }).execute());
  await move(join(home, 'gone'));
  const { adapters } = await models();
  assert.match(adapters[0]!.problem!, /is not there/);
  assert.equal(adapters[0]!.abilities, null);
  await move(DEMO);
});

test('tokens are counted as the active adapter reads them', async () => {
  const { result } = await client.ask('text.countTokens', { prompt: { text: 'const answer = 42;' } });
  assert.equal(result.tokens, loadTokenizer(DEMO).encode('const answer = 42;').length);
  assert.equal(result.model.active, true);
  const { error } = await client.ask('text.countTokens', { prompt: { text: 'x' }, adapter: 'nobody' });
  assert.equal(error.data.code, 'missing');
});
