import assert from 'node:assert/strict';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildGguf, byteLevelKeys, modelKeys, modelTensors, tiny } from '../../test/fixtures/gguf/build.ts';
import { type Hub, startHub } from '../../test/hub.ts';
import { VeraError } from '../protocol/errors.ts';
import { resolveBase, resolveConfig } from './resolve.ts';

delete process.env['HF_TOKEN'];
delete process.env['HF_ENDPOINT'];
const FIXTURE = join(import.meta.dirname, '../../test/fixtures/models/llama-gqa-tied-bf16');
const root = mkdtempSync(join(tmpdir(), 'resolve-'));
const hubs: Hub[] = [];
after(() => {
  for (const server of hubs) server.close();
  rmSync(root, { recursive: true });
});
let count = 0;
const newFolder = (): string => {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  return folder;
};

function gguf(folder: string, hidden = tiny.hidden): string {
  const file = join(folder, 'tiny.gguf');
  const model = { ...tiny, hidden };
  const keys = [...modelKeys(model), ...byteLevelKeys('smollm', ['a b', 'ab c'])];
  writeFileSync(file, buildGguf({ keys, tensors: modelTensors(model) }));
  return file;
}

/** A hub with one model, made of a fixture's files; what is asked of it. */
async function hub(id: string): Promise<readonly string[]> {
  const server = await startHub(id, FIXTURE);
  hubs.push(server);
  process.env['HF_ENDPOINT'] = server.endpoint;
  return server.log;
}

const refused = (spec: string, message: RegExp): Promise<void> =>
  assert.rejects(resolveBase(spec, { cache: join(root, 'unused') }), (error: unknown) => {
    assert.ok(error instanceof VeraError, String(error));
    assert.equal(error.code, 'model');
    assert.match(error.message, message);
    assert.match(error.message, /a Hugging Face folder .*a \.gguf file.*a hub id/);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });

test('a folder is opened where it is', async () => {
  const base = await resolveBase(FIXTURE, { cache: newFolder() });
  assert.equal(base.dir, FIXTURE);
  assert.match(base.fingerprint, /^[0-9a-f]{64}$/);
});

test('a GGUF file is converted once, and found again by its content under another name', async () => {
  const cache = newFolder();
  const folder = newFolder();
  const file = gguf(folder);
  const said: string[] = [];
  const onProgress = (text: string, fraction: number): void => {
    assert.ok(fraction >= 0 && fraction <= 1);
    if (said.at(-1) !== text) said.push(text);
  };
  const first = await resolveBase(file, { cache, onProgress });
  assert.deepEqual(said, ['reading tiny.gguf', 'converting tiny.gguf']);
  assert.equal(first.config.hidden, 32);
  const again = await resolveBase(file, { cache, onProgress });
  assert.equal(again.dir, first.dir);
  assert.deepEqual(said, ['reading tiny.gguf', 'converting tiny.gguf']);

  const copy = join(folder, 'no-ending');
  copyFileSync(file, copy);
  assert.equal((await resolveBase(copy, { cache, onProgress })).dir, first.dir);
  assert.deepEqual(said.slice(2), ['reading no-ending']);
});

test('a GGUF file that was replaced is converted anew', async () => {
  const cache = newFolder();
  const folder = newFolder();
  const first = await resolveBase(gguf(folder), { cache });
  const file = gguf(folder, 64);
  utimesSync(file, 1, 1);
  const second = await resolveBase(file, { cache });
  assert.notEqual(second.dir, first.dir);
  assert.equal(second.config.hidden, 64);
});

test('a damaged memory of conversions only costs time', async () => {
  const cache = newFolder();
  const file = gguf(newFolder());
  const { dir } = await resolveBase(file, { cache });
  for (const bad of ['{', '[]', '{"x":"../../../etc"}', 'null']) {
    writeFileSync(join(cache, 'gguf', 'index.json'), bad);
    assert.equal((await resolveBase(file, { cache })).dir, dir, bad);
  }
});

test('a hub id is downloaded once, and then used without the hub', async () => {
  const cache = newFolder();
  const log = await hub('someone/tiny');
  const fractions: number[] = [];
  const base = await resolveBase('someone/tiny', { cache, onProgress: (_, fraction) => fractions.push(fraction) });
  assert.equal(base.dir, join(cache, 'hub', 'someone', 'tiny'));
  assert.equal(base.fingerprint, (await resolveBase(FIXTURE, { cache })).fingerprint);
  assert.equal(fractions.at(-1), 1);
  const asked = log.length;
  assert.ok(asked >= 4);
  await resolveBase('someone/tiny', { cache });
  assert.equal(log.length, asked);
});

test('the config alone: nothing is converted, no weights are fetched, and none need be there', async () => {
  const cache = newFolder();
  const log = await hub('someone/tiny');
  assert.equal((await resolveConfig('someone/tiny', { cache })).vocabulary, 97);
  assert.ok(!log.some((url) => url.includes('safetensors')));
  assert.ok(!existsSync(join(cache, 'hub')));
  // What was fetched for a plan is not taken for the model.
  assert.equal((await resolveBase('someone/tiny', { cache })).config.vocabulary, 97);

  const bare = newFolder();
  cpSync(join(FIXTURE, 'config.json'), join(bare, 'config.json'));
  assert.equal((await resolveConfig(bare, { cache })).layers, 2);
  assert.equal((await resolveConfig(gguf(newFolder()), { cache })).hidden, 32);
  assert.ok(!existsSync(join(cache, 'gguf')));
});

test('what is no model is refused with what a base may be', async () => {
  const folder = newFolder();
  await refused(folder, /has no config\.json/);
  writeFileSync(join(folder, 'adapter_config.json'), '{}');
  await refused(folder, /is an adapter; choose it as the adapter/);
  await refused(join(folder, 'nothing'), /is not there/);
  await refused('', /names no model/);
  await refused('no\0thing', /names no model/);
  await refused('../nothing-there', /is not there/);
  await refused('nothing/..', /is not there/);
  await refused(join(FIXTURE, 'model.safetensors'), /is one file of a model \(pass its folder\)/);
  await refused(join(FIXTURE, 'config.json'), /is not a GGUF file/);
  await refused(join(FIXTURE, 'config.json', 'x'), /is not there/);
});

test('an id the hub does not have: both readings of the name are said', async () => {
  await hub('someone/tiny');
  await assert.rejects(resolveBase('some/typo', { cache: newFolder() }), (error: unknown) => {
    assert.ok(error instanceof VeraError);
    assert.equal(error.code, 'model');
    assert.match(error.message, /does not exist \(HTTP 404\).* nor is there a file or folder of that name here/);
    return true;
  });
});
