import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { trainableGguf } from '../../test/fixtures/gguf/build.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { DEMO_MODEL } from '../demo/run.ts';
import { resolveConfig } from '../models/resolve.ts';
import { findBases, type FindOptions } from './find.ts';

const home = temporaryFolder();
const cache = join(home, '.vera', 'cache');
const at = (...parts: string[]) => join(home, ...parts);
const put = (path: string, content: string | Uint8Array): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
};
const text = (value: string) => ({ type: 'string', value }) as const;
const gguf = trainableGguf([['general.license', text('mit')]]);
const find = async (more: Partial<FindOptions> = {}) =>
  (await findBases({ home, env: {}, platform: 'linux', folders: [], used: [], cache, ...more })).items;
const COMMIT = 'a'.repeat(40);

test('the cache of Hugging Face: whole models by their ids, and what is missing from others', async () => {
  const hub = at('hf', 'hub');
  const repository = (name: string) => join(hub, `models--${name}`);
  const whole = join(repository('me--whole'), 'snapshots', COMMIT);
  mkdirSync(join(repository('me--whole'), 'blobs'), { recursive: true });
  mkdirSync(whole, { recursive: true });
  for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) {
    const blob = join(repository('me--whole'), 'blobs', name);
    cpSync(join(DEMO_MODEL, name), blob);
    symlinkSync(blob, join(whole, name));
  }
  put(join(whole, 'README.md'), '---\nlanguage: en\nlicense: apache-2.0\n---\n# A model');
  put(join(repository('me--whole'), 'refs', 'main'), COMMIT);
  const tokenizer = join(repository('me--config-only'), 'snapshots', COMMIT);
  put(join(tokenizer, 'config.json'), '{"architectures":["LlamaForCausalLM"]}');
  put(join(repository('me--gguf'), 'snapshots', COMMIT, 'small.Q8_0.gguf'), gguf);
  const other = join(repository('old'), 'snapshots', COMMIT);
  put(join(other, 'config.json'), '{"architectures":["GPT2LMHeadModel"]}');
  put(join(other, 'model.safetensors'), '');

  const found = await find({ env: { HF_HOME: at('hf') } });
  const names = found.map(({ name, spec }) => [name, spec]);
  assert.deepEqual(names, [
    ['me/config-only', 'me/config-only'],
    ['small.Q8_0.gguf', join(repository('me--gguf'), 'snapshots', COMMIT, 'small.Q8_0.gguf')],
    ['me/whole', 'me/whole'],
    [COMMIT, other],
  ]);
  const one = found.find(({ name }) => name === 'me/whole')!;
  assert.deepEqual([one.problem, one.licence, one.format, one.from], [null, 'apache-2.0', 'safetensors', 'Hugging Face cache']); // prettier-ignore
  assert.ok(one.parameters! > 1e6 && one.bytes! > 1e6 && one.storedAs !== null);
  assert.match(found[0]!.problem!, /config\.json/);
  assert.match(found[3]!.problem!, /^config\.json: architecture GPT2LMHeadModel is not supported/);
});

test('Ollama: the manifest names the model, and is what a run is given', async () => {
  const models = at('.ollama', 'models');
  const digest = (letter: string) => `sha256-${letter.repeat(64)}`;
  put(join(models, 'blobs', digest('1')), trainableGguf());
  put(join(models, 'blobs', digest('2')), '\n                                 Apache License\n   Version 2.0');
  const layer = (kind: string, letter: string) => ({
    mediaType: `application/vnd.ollama.image.${kind}`,
    digest: `sha256:${letter.repeat(64)}`,
    size: 1,
  });
  const manifest = (name: string, ...layers: object[]) =>
    put(join(models, 'manifests', 'registry.ollama.ai', 'library', ...name.split(':')), JSON.stringify({ layers }));
  const small = manifest('small:135m', layer('model', '1'), layer('license', '2'), layer('template', '3'));
  manifest('gone:latest', layer('model', '4'));
  manifest('broken:latest');
  const found = await find();
  assert.deepEqual(
    found.map(({ name, spec, from, licence, problem }) => [name, spec, from, licence, problem]),
    [['small:135m', small, 'Ollama', 'Apache License', null]],
  );
  assert.equal((await resolveConfig(small, { cache })).layers, 2);
  rmSync(at('.ollama'), { recursive: true });
});

test('LM Studio: the folder of its settings and the usual ones', async () => {
  const stated = put(at('elsewhere', 'me', 'a-GGUF', 'a.gguf'), gguf);
  put(at('elsewhere', 'me', 'a-GGUF', 'mmproj-a.gguf'), gguf);
  const usual = put(at('.lmstudio', 'models', 'me', 'b-GGUF', 'b.gguf'), gguf);
  put(at('.lmstudio', 'settings.json'), JSON.stringify({ downloadsFolder: at('elsewhere') }));
  const found = await find();
  assert.deepEqual(
    found.map(({ spec, licence, from, parameters }) => [spec, licence, from, parameters! > 20_000]),
    [stated, usual].map((spec) => [spec, 'mit', 'LM Studio', true]),
  );
  rmSync(at('.lmstudio'), { recursive: true });
  put(at('.cache', 'lm-studio', 'models', 'me', 'c-GGUF', 'c.gguf'), gguf);
  assert.deepEqual((await find()).map(({ name }) => name), ['c.gguf']); // prettier-ignore
  rmSync(at('.cache'), { recursive: true });
});

test('folders: what cannot be trained comes with its reason, and links lead nowhere', async () => {
  const folder = at('Downloads');
  put(join(folder, 'deep', 'good.gguf'), gguf);
  put(join(folder, 'node_modules', 'hidden.gguf'), gguf);
  put(join(folder, 'words.gguf'), 'not a model');
  truncateSync(put(join(folder, 'cut.gguf'), gguf), 30_000);
  put(join(folder, 'split.gguf'), trainableGguf([['split.count', { type: 'u32', value: 3 }]]));
  symlinkSync(folder, join(folder, 'round'));
  const found = await find({ folders: [folder, join(folder, 'deep'), at('nowhere')] });
  const problems = Object.fromEntries(found.map(({ name, problem }) => [name, problem]));
  assert.deepEqual(Object.keys(problems).sort(), ['cut.gguf', 'good.gguf', 'split.gguf', 'words.gguf']);
  assert.equal(problems['good.gguf'], null);
  assert.match(problems['words.gguf']!, /few bytes|not a GGUF|too few/);
  assert.match(problems['cut.gguf']!, /cut short|incomplete|ends/);
  assert.match(problems['split.gguf']!, /3 parts/);
  for (const problem of Object.values(problems)) assert.doesNotMatch(problem ?? '', new RegExp(folder));
});

test('bases that were used come first, once, and only if they are still there', async () => {
  const file = at('Downloads', 'deep', 'good.gguf');
  const used = [
    { spec: file, usedAt: 7 },
    { spec: at('gone.gguf'), usedAt: 6 },
    { spec: 'me/never-downloaded', usedAt: 5 },
    { spec: DEMO_MODEL, usedAt: 4 },
  ];
  const found = await find({ used, folders: [at('Downloads', 'deep')] });
  assert.deepEqual(
    found.map(({ spec, source, usedAt }) => [spec, source, usedAt]),
    [
      [file, 'used', 7],
      [DEMO_MODEL, 'used', 4],
    ],
  );
});

test('a search ends after so many files, and says so', async () => {
  for (let i = 0; i < 30; i++) put(at('many', `${i}`, 'x.txt'), '');
  const options = { home, env: {}, used: [], cache, folders: [at('many'), at('Downloads')] };
  assert.match((await findBases({ ...options, entries: 20 })).stopped!, /too many files/);
  assert.equal((await findBases(options)).stopped, null);
});
