import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { modelFixture, modelNames } from '../../test/fixtures/read.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { VeraError } from '../protocol/errors.ts';
import { type TensorSource, writeSafetensors } from '../formats/safetensors.ts';
import { openTensors } from '../formats/shards.ts';
import { openBase, shapeOf } from './base.ts';

const dir = temporaryFolder();
const cache = join(dir, 'cache');

function copyOf(name: string, to: string): string {
  const copy = join(dir, to);
  cpSync(modelFixture(name).dir, copy, { recursive: true });
  return copy;
}

test('the fingerprint is of the tensors alone: a copy has the same, a changed bit another', () => {
  const original = openBase(modelFixture('llama').dir, cache).fingerprint;
  const copy = copyOf('llama', 'copy');
  assert.equal(openBase(copy, cache).fingerprint, original);
  const file = join(copy, 'model.safetensors');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  utimesSync(file, 1, 1);
  assert.notEqual(openBase(copy, cache).fingerprint, original);
  const all = modelNames().map((name) => openBase(modelFixture(name).dir, cache).fingerprint);
  assert.equal(new Set(all).size, all.length);
});

test('a fingerprint is remembered, and computed again where its memory is damaged', () => {
  const file = join(cache, 'fingerprints.json');
  const { fingerprint } = openBase(modelFixture('qwen2').dir, cache);
  assert.ok(Object.values(JSON.parse(readFileSync(file, 'utf8'))).includes(fingerprint));
  writeFileSync(file, '{ damaged');
  assert.equal(openBase(modelFixture('qwen2').dir, cache).fingerprint, fingerprint);
  rmSync(file);
  assert.equal(openBase(modelFixture('qwen2').dir, cache).fingerprint, fingerprint);
});

test('a model whose head is its embeddings is known by its tensors, whatever its config says', () => {
  const copy = copyOf('llama-gqa-tied-bf16', 'tied');
  const config = JSON.parse(readFileSync(join(copy, 'config.json'), 'utf8')) as object;
  writeFileSync(join(copy, 'config.json'), JSON.stringify({ ...config, tie_word_embeddings: false }));
  assert.equal(openBase(copy, cache).config.tied, true);
  assert.equal(openBase(modelFixture('llama').dir, cache).config.tied, false);
});

/** Writes the tensors of a fixture again, after `change`. */
function rewrite(name: string, to: string, change: (tensors: TensorSource[]) => TensorSource[]): string {
  const copy = copyOf(name, to);
  const file = join(copy, 'model.safetensors');
  const sources = [...openTensors(copy).values()].map(({ name, dtype, shape, offset, length }): TensorSource => {
    const bytes = readFileSync(file).subarray(offset, offset + length);
    return { name, dtype, shape, bytes: () => bytes };
  });
  writeSafetensors(file, change(sources));
  return copy;
}

test('a stored head that differs from tied embeddings is used; an equal one is not needed', () => {
  const withHead = (to: string, change: (bytes: Uint8Array) => void) =>
    rewrite('llama-gqa-tied-bf16', to, (all) => {
      const embeddings = all.find(({ name }) => name === 'model.embed_tokens.weight')!;
      const bytes = Uint8Array.from(embeddings.bytes());
      change(bytes);
      return [...all, { ...embeddings, name: 'lm_head.weight', bytes: () => bytes }];
    });
  const equal = withHead('equal', () => undefined);
  for (const again of [equal, equal]) assert.equal(openBase(again, cache).config.tied, true);
  const other = withHead('other', (bytes) => (bytes[bytes.length - 2]! ^= 1));
  for (const again of [other, other]) assert.equal(openBase(again, cache).config.tied, false);
});

test('quantised tensors are recognised where the config does not speak of them', () => {
  const renamed = (to: string, change: (tensor: TensorSource) => TensorSource[]) =>
    rewrite('llama', to, (all) => all.flatMap((one) => (one.name.endsWith('q_proj.weight') ? change(one) : [one])));
  const bytes = (length: number) => () => new Uint8Array(length);
  const refused = (folder: string, message: RegExp) =>
    assert.throws(() => openBase(folder, cache), { name: 'VeraError', code: 'model', message });
  const one = { shape: [4], dtype: 'U8', bytes: bytes(4) } as const;
  for (const [ending, method] of [
    ['.weight.absmax', /bitsandbytes \(4 bit\)/],
    ['.weight.quant_state.bitsandbytes__nf4', /bitsandbytes \(4 bit\)/],
    ['.SCB', /bitsandbytes \(8 bit\)/],
    ['.g_idx', /GPTQ/],
    ['.qweight', /GPTQ or AWQ/],
    ['.weight_packed', /compressed-tensors/],
    ['.weight_scale_inv', /FP8/],
    ['.scales', /Apple's MLX/],
  ] as const)
    refused(
      renamed(`quantised${ending}`, (tensor) => [tensor, { ...one, name: tensor.name.replace('.weight', ending) }]),
      new RegExp(`quantised with .*${method.source}.*use the model that it was made from`),
    );
  const fp8 = renamed('fp8', (tensor) => [
    { ...tensor, dtype: 'F8_E4M3', bytes: bytes(tensor.shape.reduce((a, b) => a * b)) },
  ]);
  refused(fp8, /quantised with FP8/);
  const whole = renamed('int8', (tensor) => [
    { ...tensor, dtype: 'I8', bytes: bytes(tensor.shape.reduce((a, b) => a * b)) },
  ]);
  refused(whole, /q_proj\.weight is I8, but weights must be F64, F32, F16 or BF16/);
});

test('a checkpoint that does not fit its config is refused with the name of the first tensor that is wrong', () => {
  const copy = copyOf('llama', 'unfit');
  const config = JSON.parse(readFileSync(join(copy, 'config.json'), 'utf8')) as object;
  const withConfig = (more: object) => () => {
    writeFileSync(join(copy, 'config.json'), JSON.stringify({ ...config, ...more }));
    return openBase(copy, cache);
  };
  const refused = (more: object, message: RegExp) =>
    assert.throws(withConfig(more), { name: 'VeraError', code: 'model', message });
  refused({ num_hidden_layers: 3 }, /tensor model\.layers\.2\.input_layernorm\.weight is missing/);
  // The list of tensors is never made whole, so a damaged count costs neither time nor memory.
  refused({ num_hidden_layers: 2 ** 52 }, /tensor model\.layers\.2\.input_layernorm\.weight is missing/);
  refused(
    { intermediate_size: 55 },
    /tensor model\.layers\.0\.mlp\.gate_proj\.weight is \[56, 32\], but config\.json makes it \[55, 32\]/,
  );
  assert.equal(withConfig({})().config.layers, 2);
});

test('a tensor that is not there is an error that names it', () => {
  const base = openBase(modelFixture('llama').dir, cache);
  assert.deepEqual(shapeOf(base, 'model.norm.weight'), [32]);
  assert.throws(
    () => shapeOf(base, 'model.layers.9.mlp.up_proj.weight'),
    (error: unknown) =>
      error instanceof VeraError &&
      error.code === 'model' &&
      error.message.includes('model.layers.9.mlp.up_proj.weight'),
  );
});
