import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundBase } from '../../daemon/protocol/bases.ts';
import { RECOMMENDED } from '../../daemon/models/recommended.ts';
import { baseItems, hubLine } from './baseItems.ts';
import { baseLabel } from './baseLabel.ts';
import { faultText } from './items.ts';

const found: FoundBase = {
  ...{ source: 'hubCache', from: 'Hugging Face cache', name: 'me/small', spec: 'me/small', format: 'safetensors' },
  ...{ storedAs: 'BF16', architecture: 'LlamaForCausalLM', parameters: 134_515_008, licence: 'mit', bytes: 269e6 },
  ...{ problem: null, usedAt: null },
};
const demo = { spec: '/ext/vera-demo', label: 'Demo model', description: 'comes with VeRA Studio' };
const empty = { here: [], recommended: [], demo, costs: new Map<string, string>(), stopped: null, home: '/data/me' };
const labels = (known: Parameters<typeof baseItems>[0]) => baseItems(known).map(({ label }) => label);

test('first what this machine has, then what is recommended, then other ways, then what cannot be trained', () => {
  const gguf = { ...found, name: 'a.gguf', spec: '/data/me/Downloads/a.gguf', from: 'a folder', usedAt: 7 };
  const pulled = { ...gguf, source: 'ollama', from: 'Ollama', name: 'small:1b', usedAt: null };
  assert.equal(baseItems({ ...empty, here: [pulled] })[1]!.detail, 'Ollama');
  const bad = { ...found, name: 'me/gptq', spec: 'me/gptq', problem: 'its weights are quantised' };
  const qwen = { ...found, name: 'Qwen/Qwen3-0.6B', spec: 'Qwen/Qwen3-0.6B' };
  const costs = new Map([['Qwen/Qwen2.5-Coder-0.5B', 'about 9 min']]);
  const lines = baseItems({ ...empty, here: [found, gguf, bad, qwen], recommended: RECOMMENDED.slice(3, 5), costs });
  assert.deepEqual(
    lines.map(({ label, separator }) => (separator ? label.toUpperCase() : label.replace(/^\$\(\S+\) /, ''))),
    [
      ...['ON THIS MACHINE', 'small', 'a.gguf', 'Qwen3-0.6B', 'Demo model'],
      ...['RECOMMENDED', 'Qwen2.5-Coder-0.5B'],
      ...['OTHER MODELS', 'Search the Hugging Face hub...', 'GGUF file...', 'Model folder...'],
      ...['CANNOT BE TRAINED HERE', 'gptq'],
    ],
  );
  assert.equal(lines[1]!.description, '135 M parameters · 269 MB · BF16 · mit');
  assert.equal(lines[2]!.detail, 'a folder · used before · ~/Downloads/a.gguf');
  assert.match(lines[6]!.detail!, /^about 9 min · /);
  assert.match(lines[6]!.description!, /^code completion · download of 988 MB · apache-2.0$/);
  assert.deepEqual(lines.at(-1)!.choice, { does: 'problem', name: 'me/gptq', problem: bad.problem, spec: 'me/gptq' });
});

test('while models are looked for, and where the search ended early', () => {
  assert.ok(labels({ ...empty, here: undefined }).some((label) => label.includes('Looking for models')));
  assert.ok(labels({ ...empty, stopped: 'Too many files.' }).includes('$(info) Too many files.'));
  assert.ok(!labels({ ...empty, demo: undefined }).some((label) => label.includes('Demo')));
});

test('a model of the hub with what a person chooses by', () => {
  const one = { ...found, id: 'me/small', gated: true, downloads: 12_345 };
  const line = hubLine(one);
  assert.equal(line.description, 'download of 269 MB · mit · asks for an access token');
  assert.equal(line.detail, '135 M parameters · downloaded 12,345 times in a month');
  assert.equal(line.choice?.does, 'take');
  assert.equal(hubLine({ ...one, problem: 'it is quantised' }).choice?.does, 'problem');
});

test('bases are called as people call them', () => {
  assert.equal(baseLabel('Qwen/Qwen3-0.6B'), 'Qwen3-0.6B');
  assert.equal(baseLabel('/x/globalStorage/models/vera-demo'), 'Demo model');
  assert.equal(baseLabel('/me/.ollama/models/manifests/registry.ollama.ai/library/small/135m'), 'small:135m');
});

test('of a problem, cause and remedy can be read', () => {
  const enter = 'Enter shows the whole text';
  assert.deepEqual(faultText('"/a/b/small/config.json": no architecture', enter), {
    label: '$(error) config.json: no architecture',
    detail: enter,
  });
  const long = '/data/me/models/other/config.json: architecture GPT2LMHeadModel is not supported; supported are LlamaForCausalLM, Qwen2ForCausalLM'; // prettier-ignore
  const { label, detail } = faultText(long, enter);
  assert.equal(label, '$(error) config.json: architecture GPT2LMHeadModel is not supported; supported');
  assert.match(detail, /^are LlamaForCausalLM, Qwen2ForCausalLM · Enter shows/);
  const url = faultText('cannot download https://huggingface.co/api/models/me/small: no network', enter);
  assert.match(url.label, /no network/);
});
