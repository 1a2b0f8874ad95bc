import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { modelFixture } from '../../test/fixtures/read.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { VeraError } from '../protocol/errors.ts';
import { parseConfig, readConfig } from './config.ts';
import type { DecoderConfig } from './decoder.ts';
import { ARCHITECTURES } from './registry.ts';

const dir = temporaryFolder();
const plain = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 100,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 128,
};
const parse = (more: Record<string, unknown> = {}) =>
  parseConfig({ ...plain, ...more }, 'config.json') as DecoderConfig;
const refused = (more: Record<string, unknown>, says: RegExp) =>
  assert.throws(
    () => parse(more),
    (error: unknown) =>
      error instanceof VeraError &&
      error.code === 'model' &&
      error.message.startsWith('config.json: ') &&
      says.test(error.message),
  );

test('an unsupported architecture is refused by name, with the list', () => {
  refused(
    { architectures: ['GPT2LMHeadModel'] },
    /GPT2LMHeadModel is not supported; supported are LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM/,
  );
  refused({ architectures: undefined, model_type: 'mamba' }, /model_type mamba is not supported/);
  refused({ architectures: null, model_type: 'constructor' }, /model_type constructor is not supported/);
  for (const name of ARCHITECTURES) assert.equal(parse({ architectures: [name] }).architecture, name);
});

test('sizes that are missing or make no model are refused by name', () => {
  for (const name of ['vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads']) {
    for (const value of [undefined, 0, -1, 1.5, '32', null, 1e300])
      refused({ [name]: value }, new RegExp(`${name} must be a positive whole number`));
  }
  refused({ num_key_value_heads: 3 }, /4 attention heads do not divide among 3/);
  refused({ hidden_act: 'gelu' }, /hidden_act "gelu" is not supported/);
});

test('rope scaling: default, linear and llama3 in the older and the newer form, others are refused', () => {
  assert.equal(parse().ropeScaling.type, 'default');
  assert.equal(parse().ropeTheta, 10000);
  for (const form of ['rope_scaling', 'rope_parameters']) {
    const { ropeScaling } = parse({
      [form]: {
        rope_type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 64,
      },
    });
    assert.deepEqual(ropeScaling, {
      type: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalLength: 64,
    });
    refused(
      { [form]: { rope_type: 'yarn', factor: 4 } },
      /rope scaling "yarn" is not supported; supported are default, linear, llama3/,
    );
  }
  assert.deepEqual(
    [parse({ rope_scaling: { type: 'linear', factor: 4 } }).ropeScaling].map(({ type, factor }) => [type, factor]),
    [['linear', 4]],
  );
  assert.equal(parse({ rope_theta: 5e5 }).ropeTheta, 5e5);
  assert.equal(parse({ rope_parameters: { rope_type: 'default', rope_theta: 1e6 }, rope_theta: 5 }).ropeTheta, 1e6);
});

test('what a family adds: biases, grouped queries, a sliding window', () => {
  const biases = (more: Record<string, unknown>) => {
    const { qkvBias, outputBias, mlpBias } = parse(more);
    return [qkvBias, outputBias, mlpBias];
  };
  assert.deepEqual(biases({}), [false, false, false]);
  assert.deepEqual(biases({ attention_bias: true, mlp_bias: true }), [true, true, true]);
  // transformers builds Mistral without biases and Qwen2 with three, whatever the file says.
  const stray = { attention_bias: true, mlp_bias: true, num_key_value_heads: 4 };
  assert.deepEqual(biases({ ...stray, architectures: ['MistralForCausalLM'] }), [false, false, false]);
  assert.deepEqual(biases({ ...stray, architectures: ['Qwen2ForCausalLM'] }), [true, false, false]);
  assert.equal(parse().kvHeads, 4);
  assert.equal(parse({ num_key_value_heads: 2 }).kvHeads, 2);
  assert.equal(parse().headDim, 8);
  assert.equal(parse({ head_dim: 16 }).headDim, 16);
  // A key that is absent has the default of the class; null is one head for each query head.
  const many = { num_attention_heads: 32, hidden_size: 256 };
  assert.equal(parse({ ...many, architectures: ['MistralForCausalLM'] }).kvHeads, 8);
  assert.equal(parse({ ...many, architectures: ['MistralForCausalLM'], num_key_value_heads: null }).kvHeads, 32);
});

test('a sliding window counts where a layer slides', () => {
  const length = (name: string, more: Record<string, unknown> = {}) =>
    parse({ architectures: [name], num_key_value_heads: 4, max_position_embeddings: 8192, ...more }).maxLength;
  assert.equal(length('MistralForCausalLM', { sliding_window: 64 }), 64);
  assert.equal(length('MistralForCausalLM'), 4096);
  assert.equal(length('MistralForCausalLM', { sliding_window: null }), 8192);
  assert.equal(length('LlamaForCausalLM', { sliding_window: 64 }), 8192);
  const off = { sliding_window: 64, use_sliding_window: false };
  const on = { sliding_window: 64, use_sliding_window: true };
  for (const name of ['Qwen2ForCausalLM', 'Qwen3ForCausalLM']) {
    assert.equal(length(name, off), 8192);
    assert.equal(length(name, { ...on, max_window_layers: 1 }), 64);
    assert.equal(length(name, { ...on, max_window_layers: 2 }), 8192);
    assert.equal(length(name, on), 8192); // absent: 28 layers do not slide, and this model has 2
    assert.equal(length(name, { ...on, layer_types: ['full_attention', 'sliding_attention'] }), 64);
    assert.equal(length(name, { ...on, max_window_layers: 0, layer_types: Array(2).fill('full_attention') }), 8192);
  }
});

test('a config without architectures is read by its model_type', () => {
  for (const [type, name] of [
    ['llama', 'LlamaForCausalLM'],
    ['mistral', 'MistralForCausalLM'],
    ['qwen2', 'Qwen2ForCausalLM'],
    ['qwen3', 'Qwen3ForCausalLM'],
  ] as const)
    for (const architectures of [undefined, null, []])
      assert.equal(parse({ architectures, model_type: type, num_key_value_heads: 4 }).architecture, name);
});

test('quantised weights are refused by the name of their method, with what to use instead', () => {
  const quantised = (more: Record<string, unknown>, says: RegExp) => refused({ quantization_config: more }, says);
  quantised({ quant_method: 'gptq', bits: 4 }, /quantised with GPTQ \(4 bit\), .*use the model that it was made from/);
  quantised({ quant_method: 'awq', bits: 4 }, /AWQ \(4 bit\)/);
  quantised({ quant_method: 'bitsandbytes', load_in_4bit: true }, /bitsandbytes \(4 bit\)/);
  quantised({ quant_method: 'bitsandbytes', load_in_8bit: true }, /bitsandbytes \(8 bit\)/);
  quantised({ quant_method: 'compressed-tensors', format: 'pack-quantized' }, /compressed-tensors \(pack-quantized\)/);
  quantised({ quant_method: 'fp8', weight_block_size: [128, 128] }, /with FP8/);
  quantised({ quant_method: 'something-new' }, /with something-new/);
  const mlx = { group_size: 64, bits: 4 };
  refused({ quantization: mlx, quantization_config: mlx }, /Apple's MLX \(4 bit\)/);
  assert.doesNotThrow(() => parse({ quantization_config: null }));
  assert.throws(
    () =>
      parseConfig(
        { ...plain, quantization_config: { quant_method: 'awq' } },
        '/m/Qwen2.5-0.5B-Instruct-AWQ/config.json',
      ),
    /made from \(probably called Qwen2\.5-0\.5B-Instruct\)/,
  );
});

test('a folder without config.json, or with one that is not JSON, is an error that says where', () => {
  assert.throws(() => readConfig(join(dir, 'none')), /none.config\.json is not there/);
  mkdirSync(join(dir, 'broken'));
  writeFileSync(join(dir, 'broken', 'config.json'), '{');
  assert.throws(
    () => readConfig(join(dir, 'broken')),
    (error: unknown) => error instanceof VeraError && /not valid JSON/.test(error.message),
  );
  assert.equal(readConfig(modelFixture('qwen2').dir).architecture, 'Qwen2ForCausalLM');
});
