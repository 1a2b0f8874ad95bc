import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildGguf, byteLevelKeys, floats, modelKeys, modelTensors, tiny } from '../../../test/fixtures/gguf/build.ts';
import type { BuiltTensor, TinyModel, Value } from '../../../test/fixtures/gguf/build.ts';
import { VeraError } from '../../protocol/errors.ts';
import { llama3Factor } from './rope.ts';
import { ggufToFolder } from './convert.ts';
import { openTensors } from '../../formats/shards.ts';
import { readFloats } from '../../formats/safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'gguf-folder-'));
after(() => rmSync(folder, { recursive: true }));
let made = 0;

interface Changes {
  model?: Partial<TinyModel>;
  keys?: [string, Value][];
  tensors?: (tensors: BuiltTensor[]) => BuiltTensor[];
}

/** Builds a small model with some changes, converts it, and returns the folder. */
async function convert({ model = {}, keys = [], tensors = (all) => all }: Changes): Promise<string> {
  const full = { ...tiny, ...model };
  const changed = new Map([...modelKeys(full), ...byteLevelKeys('smollm', ['a b', 'ab c']), ...keys]);
  const file = join(folder, `${++made}.gguf`);
  const out = join(folder, String(made));
  writeFileSync(file, buildGguf({ keys: [...changed], tensors: tensors(modelTensors(full)) }));
  await ggufToFolder(file, out);
  return out;
}

const json = (dir: string, name: string) =>
  JSON.parse(readFileSync(join(dir, name), 'utf8')) as Record<string, unknown>;
const u32 = (value: number): Value => ({ type: 'u32', value });
const f32 = (value: number): Value => ({ type: 'f32', value });
const text = (value: string): Value => ({ type: 'string', value });

describe('ggufToFolder', () => {
  it('writes a Llama folder: names, shapes, and rows of q and k back in their halves', async () => {
    const out = await convert({});
    const config = json(out, 'config.json');
    assert.deepEqual(config['architectures'], ['LlamaForCausalLM']);
    assert.equal(config['rms_norm_eps'], 1e-5);
    assert.equal(config['rope_theta'], 500_000);
    assert.equal(config['tie_word_embeddings'], true);
    assert.equal(config['head_dim'], 8);
    const tensors = openTensors(out);
    assert.equal(tensors.size, 2 + 2 * 9);
    assert.deepEqual(tensors.get('model.layers.1.mlp.down_proj.weight')?.shape, [32, 64]);
    const sources = new Map(modelTensors(tiny).map((tensor) => [tensor.name, new Float32Array(tensor.data.buffer)]));
    for (const [name, file, heads] of [
      ['q', 'blk.1.attn_q.weight', 4],
      ['k', 'blk.1.attn_k.weight', 2],
    ] as const) {
      const ours = readFloats(tensors.get(`model.layers.1.self_attn.${name}_proj.weight`)!);
      const stored = sources.get(file)!;
      for (let head = 0; head < heads; head++) {
        for (let half = 0; half < 2; half++) {
          for (let i = 0; i < 4; i++) {
            const hf = (head * 8 + half * 4 + i) * 32;
            const gguf = (head * 8 + i * 2 + half) * 32;
            assert.deepEqual(ours.slice(hf, hf + 32), stored.slice(gguf, gguf + 32));
          }
        }
      }
    }
    for (const [name, file] of [
      ['model.layers.0.self_attn.v_proj.weight', 'blk.0.attn_v.weight'],
      ['model.layers.0.mlp.gate_proj.weight', 'blk.0.ffn_gate.weight'],
      ['model.embed_tokens.weight', 'token_embd.weight'],
      ['model.norm.weight', 'output_norm.weight'],
    ] as const) {
      assert.deepEqual(readFloats(tensors.get(name)!), sources.get(file), name);
    }
  });

  it('leaves the rows of Qwen2 where they are, and takes its biases and head', async () => {
    const model = { architecture: 'qwen2', biases: true, tied: false };
    const out = await convert({ model });
    const config = json(out, 'config.json');
    assert.deepEqual([config['model_type'], config['tie_word_embeddings']], ['qwen2', false]);
    const tensors = openTensors(out);
    const sources = new Map(modelTensors({ ...tiny, ...model }).map((t) => [t.name, new Float32Array(t.data.buffer)]));
    for (const [name, file] of [
      ['model.layers.0.self_attn.q_proj.weight', 'blk.0.attn_q.weight'],
      ['model.layers.0.self_attn.k_proj.bias', 'blk.0.attn_k.bias'],
      ['lm_head.weight', 'output.weight'],
    ] as const) {
      assert.deepEqual(readFloats(tensors.get(name)!), sources.get(file), name);
    }
  });

  it('keeps half-precision tensors as they are and writes quantised ones as F32', async () => {
    const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) & 0x3f);
    const recode: Record<string, [number, number]> = {
      'blk.0.ffn_up.weight': [1, 2 * 64 * 32],
      'blk.0.ffn_down.weight': [30, 2 * 64 * 32],
      'blk.0.attn_q.weight': [8, 34 * 32],
    };
    const out = await convert({
      tensors: (all) =>
        all.map((tensor) => {
          const [type, length] = recode[tensor.name] ?? [];
          return type === undefined ? tensor : { ...tensor, type, data: bytes(length!) };
        }),
    });
    const tensors = openTensors(out);
    const entry = (name: string) => tensors.get(`model.layers.0.${name}.weight`)!;
    assert.equal(entry('mlp.up_proj').dtype, 'F16');
    assert.equal(entry('mlp.down_proj').dtype, 'BF16');
    assert.equal(entry('self_attn.q_proj').dtype, 'F32');
    assert.equal(json(out, 'config.json')['torch_dtype'], 'float32');
    const stored = readFileSync(entry('mlp.up_proj').file);
    const { offset, length } = entry('mlp.up_proj');
    assert.deepEqual(new Uint8Array(stored.subarray(offset, offset + length)), bytes(length));
  });

  it('recovers the Llama 3.1 rope scaling from its factors, and refuses other factors', async () => {
    const scaling = { factor: 32, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
    const factors = [0, 1, 2, 3].map((i) => llama3Factor(500_000 ** (-i / 4), scaling));
    const add = (values: number[]) => (all: BuiltTensor[]) => [
      ...all,
      { name: 'rope_freqs.weight', dimensions: [values.length], type: 0, data: floats(values) },
    ];
    const out = await convert({ tensors: add(factors) });
    assert.deepEqual(json(out, 'config.json')['rope_scaling'], { rope_type: 'llama3', ...scaling });
    const none = await convert({ tensors: add([1, 1, 1, 1]) });
    assert.equal(json(none, 'config.json')['rope_scaling'], null);
    await assert.rejects(convert({ tensors: add([1, 1.5, 3, 32]) }), /rope_freqs\.weight/);
    await assert.rejects(convert({ tensors: add([1, NaN, 3, 32]) }), VeraError);
  });

  it('carries linear scaling and the window of Mistral over', async () => {
    const linear = await convert({
      keys: [
        ['llama.rope.scaling.type', text('linear')],
        ['llama.rope.scaling.factor', f32(4)],
      ],
    });
    assert.deepEqual(json(linear, 'config.json')['rope_scaling'], { rope_type: 'linear', type: 'linear', factor: 4 });
    const old = await convert({ keys: [['llama.rope.scale_linear', f32(2)]] });
    assert.deepEqual(json(old, 'config.json')['rope_scaling'], { rope_type: 'linear', type: 'linear', factor: 2 });
    const mistral = await convert({ keys: [['llama.attention.sliding_window', u32(4096)]] });
    const config = json(mistral, 'config.json');
    assert.deepEqual([config['architectures'], config['sliding_window']], [['MistralForCausalLM'], 4096]);
  });

  const wrong: [string, Changes, RegExp][] = [
    [
      'another architecture',
      { model: { architecture: 'gemma3' } },
      /architecture "gemma3" is not supported.*llama, mistral, qwen2/,
    ],
    ['an architecture named like an object member', { model: { architecture: 'constructor' } }, /not supported/],
    ['a mixture of experts', { keys: [['llama.expert_count', u32(8)]] }, /mixture-of-experts/],
    ['a part of a split model', { keys: [['split.count', u32(3)]] }, /one of 3 parts/],
    ['partial rotary embeddings', { keys: [['llama.rope.dimension_count', u32(4)]] }, /rope\.dimension_count is 4/],
    ['no heads', { keys: [['llama.attention.head_count', u32(0)]] }, /whole number of at least 1/],
    ['2^32 - 1 layers', { keys: [['llama.block_count', u32(0xffffffff)]] }, /block_count/],
    ['2^31 - 1 layers', { keys: [['llama.block_count', u32(0x7fffffff)]] }, /blk\.2\.attn_norm\.weight is missing/],
    ['heads as text', { keys: [['llama.attention.head_count', text('4')]] }, /whole number/],
    ['heads that do not divide', { keys: [['llama.attention.head_count_kv', u32(3)]] }, /cannot share 3/],
    [
      'layers of different shapes',
      { keys: [['llama.feed_forward_length', { type: 'array', of: 'u32', values: [64, 32] }]] },
      /same number for every layer/,
    ],
    ['a NaN epsilon', { keys: [['llama.attention.layer_norm_rms_epsilon', f32(NaN)]] }, /finite number/],
    ['another rope scaling', { keys: [['llama.rope.scaling.type', text('longrope')]] }, /"longrope" is not supported/],
    [
      'a rope scaling that no family reads',
      {
        keys: [
          ['llama.rope.scaling.type', text('yarn')],
          ['llama.rope.scaling.factor', f32(4)],
        ],
      },
      /rope scaling "yarn" is not supported/,
    ],
    [
      'a missing tensor',
      { tensors: (all) => all.filter((t) => t.name !== 'blk.1.ffn_up.weight') },
      /blk\.1\.ffn_up\.weight is missing/,
    ],
    [
      'a tensor too many',
      { tensors: (all) => [...all, { ...all[1]!, name: 'blk.0.attn_q_norm.weight' }] },
      /attn_q_norm\.weight" is not part/,
    ],
    [
      'a transposed tensor',
      { tensors: (all) => all.map((t) => (t.name === 'blk.0.ffn_up.weight' ? { ...t, dimensions: [64, 32] } : t)) },
      /has the shape \[64,32\]/,
    ],
    ['more tokens than rows', { model: { rows: 200 } }, /do not fit an embedding of 200 rows/],
    ['an id past the tokens', { keys: [['tokenizer.ggml.eos_token_id', u32(5000)]] }, /eos_token_id is 5000/],
    [
      'another kind of tokenizer',
      { keys: [['tokenizer.ggml.model', text('t5')]] },
      /tokenizer type "t5" is not supported/,
    ],
    [
      'another pre-tokenizer',
      { keys: [['tokenizer.ggml.pre', text('bloom')]] },
      /pre-tokenizer "bloom" is not supported/,
    ],
    [
      'a merge of unknown tokens',
      { keys: [['tokenizer.ggml.merges', { type: 'array', of: 'string', values: ['a zz'] }]] },
      /merge 1 /,
    ],
    [
      'a merge without a space',
      { keys: [['tokenizer.ggml.merges', { type: 'array', of: 'string', values: ['ab'] }]] },
      /merge 1 /,
    ],
  ];
  for (const [name, changes, message] of wrong) {
    it(`refuses ${name} and leaves no folder`, async () => {
      await assert.rejects(
        convert(changes),
        (error) =>
          error instanceof VeraError &&
          error.code === 'model' &&
          message.test(error.message) &&
          !error.message.includes('\n'),
      );
      assert.ok(!existsSync(join(folder, String(made))));
    });
  }

  it('refuses a folder that is not empty and reports progress up to 1', async () => {
    const out = await convert({});
    const file = `${out}.gguf`;
    await assert.rejects(ggufToFolder(file, out), (error) => error instanceof VeraError && error.code === 'usage');
    const seen: number[] = [];
    await ggufToFolder(file, join(folder, 'again'), (fraction) => seen.push(fraction));
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    assert.deepEqual([seen[0], seen.at(-1)], [0, 1]);
    assert.deepEqual(
      readFileSync(join(folder, 'again', 'model.safetensors')),
      readFileSync(join(out, 'model.safetensors')),
    );
  });
});
