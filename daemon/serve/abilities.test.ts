import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { modelFixture, modelNames } from '../../test/fixtures/read.ts';
import { DEMO, store } from '../../test/served.ts';
import { rawClient, type Serving, serving } from '../../test/serving.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { loadTokenizer, tokenizerFacts } from '../data/tokenizer.ts';
import { abilitiesOf } from './abilities.ts';

let one: Serving;
before(async () => (one = await serving(temporaryFolder())));
after(() => one.close());

test('the facts are those of the loaded tokenizer', () => {
  const dirs = [DEMO, ...modelNames().map((name) => modelFixture(name).dir)];
  for (const dir of dirs.filter((dir) => hasTokenizer(dir))) {
    const { fim, renderChat } = loadTokenizer(dir);
    assert.deepEqual(tokenizerFacts(dir), { fillInTheMiddle: fim !== undefined, chat: renderChat !== undefined }, dir);
  }
});

test('the bundled model: fill-in-the-middle, chat and its size; a change of its files is noticed', async () => {
  const abilities = { fillInTheMiddle: true, chat: true, maxLength: 1024, parameters: 3_541_824 };
  assert.deepEqual(await abilitiesOf(DEMO), abilities);
  const copy = temporaryFolder();
  cpSync(DEMO, copy, { recursive: true });
  assert.equal((await abilitiesOf(copy))!.fillInTheMiddle, true);
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    const file = join(copy, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('fim_middle', 'no_middle'));
  }
  assert.equal((await abilitiesOf(copy))!.fillInTheMiddle, false);
});

test('a base that was not downloaded has no known abilities', async () => {
  assert.equal(await abilitiesOf('someone/some-model'), undefined);
});

test('text.describe says who would answer and what the base cannot do, and starts no engine', async () => {
  const { id } = await store(one.catalog, 'notes', 1);
  const client = await rawClient(one);
  const { result } = await client.ask('text.describe', { adapter: 'notes' });
  assert.equal(result.model.adapter.id, id);
  assert.deepEqual(Object.keys(result.limits), ['completion', 'chat']);
  assert.match(result.limits.completion[0], /trying things out/);
  assert.deepEqual(await one.engines.states(), []);
  const { error } = await client.ask('text.describe', {});
  assert.match(error.message, /no adapter is active/);
  client.socket.close();
});

function hasTokenizer(dir: string): boolean {
  try {
    loadTokenizer(dir);
    return true;
  } catch {
    return false;
  }
}
