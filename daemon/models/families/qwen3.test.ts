import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { modelFixture } from '../../../test/fixtures/read.ts';
import {
  buildGguf,
  type BuiltTensor,
  byteLevelKeys,
  floats,
  modelKeys,
  modelTensors,
  tiny,
} from '../../../test/fixtures/gguf/build.ts';
import { largestDifference } from '../../../test/logits.ts';
import { batchOf, initialTheta, oneStep, randomTheta, slopeAlongGradient } from '../../../test/step.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { readFloats } from '../../formats/safetensors.ts';
import { full } from '../../methods/full.ts';
import { FIRST_OPTIONS } from '../../methods/options.ts';
import { vera } from '../../methods/vera.ts';
import { Generator } from '../../serve/generate.ts';
import { unadapted } from '../adaptation.ts';
import { openBase } from '../base.ts';
import { parseConfig } from '../config.ts';
import { ggufToFolder } from '../gguf/convert.ts';
import { linearSites } from '../registry.ts';
import { networkTensors, tensorShapes } from '../tensors.ts';

const cache = temporaryFolder();
const open = (name: string) => openBase(modelFixture(name).dir, cache);
const NAMES = ['qwen3', 'qwen3-tied-biases-bf16'];

test('the head size is that of config.json, or 128; biases and windows count only where they are switched on', () => {
  const plain = {
    architectures: ['Qwen3ForCausalLM'],
    vocab_size: 100,
    hidden_size: 32,
    intermediate_size: 64,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    max_position_embeddings: 128,
    sliding_window: 16,
  };
  const config = (more: object) => parseConfig({ ...plain, ...more }, 'config.json');
  assert.equal(config({}).headDim, 128);
  assert.equal(config({ head_dim: 12 }).headDim, 12);
  assert.equal(config({}).maxLength, 128);
  assert.equal(config({ use_sliding_window: true, max_window_layers: 0 }).maxLength, 16);
  const biases = (more: object) => linearSites(config(more)).map(({ bias }) => bias);
  assert.deepEqual(biases({}), Array(7).fill(false));
  assert.deepEqual(biases({ attention_bias: true }), [true, true, true, true, false, false, false]);
  const shapes = tensorShapes(config({ head_dim: 12 }));
  assert.deepEqual(shapes.get('model.layers.0.self_attn.q_proj.weight'), [48, 32]);
  assert.deepEqual(shapes.get('model.layers.0.self_attn.k_norm.weight'), [12]);
});

for (const name of NAMES) {
  test(`${name}: VeRA's gradient is the slope of the loss, and int8 agrees with it`, async () => {
    const base = open(name);
    const adaptation = vera.create(linearSites(base.config), { ...FIRST_OPTIONS, rank: 8 }, []);
    const theta = randomTheta(adaptation);
    const batch = batchOf(modelFixture(name).ids.filter((row) => row.length > 1));
    const slope = await slopeAlongGradient({ base, cache, adaptation, theta, batch });
    assert.ok(Math.abs(slope - 1) < 0.01, String(slope));
    const [exact, int8] = [
      await oneStep({ base, cache, adaptation, theta, batch }),
      await oneStep({ base, cache, adaptation, theta, batch, precision: 'int8' }),
    ];
    assert.ok(Math.abs(int8.loss / exact.loss - 1) < 0.03, `${int8.loss} and ${exact.loss}`);
  });
}

test('generation reads a cache as the forward pass reads a whole row', async () => {
  const { ids, logits } = modelFixture('qwen3');
  const [row, expected] = [ids[0]!.slice(0, 12), logits[0]!];
  const generator = await Generator.create({
    ...{ base: open('qwen3'), adaptation: unadapted, theta: new Float32Array(), precision: 'fp32' },
    ...{ cache, maxLength: 64, session: { threads: 1 } },
  });
  const read = generator.start();
  await generator.read(read, row.slice(0, 8));
  for (const at of [8, 9, 10, 11]) {
    const next = await generator.read(read, [row[at]!]);
    assert.ok(largestDifference(next, expected.subarray(at * next.length, (at + 1) * next.length)) < 1e-4);
  }
  await generator.release();
});

test('full training reaches the norms of queries and keys', async () => {
  const base = open('qwen3');
  const adaptation = full.create([], FIRST_OPTIONS, networkTensors(base));
  const theta = initialTheta(adaptation);
  const batch = batchOf(modelFixture('qwen3').ids.filter((row) => row.length > 1));
  const slope = await slopeAlongGradient({ base, cache, adaptation, theta, batch }, 0.02);
  assert.ok(Math.abs(slope - 1) < 0.01, String(slope));
  const { gradient } = await oneStep({ base, cache, adaptation, theta, batch });
  let start = 0;
  for (const { name, shape } of adaptation.parameters) {
    const part = gradient.subarray(start, (start += shape.reduce((a, b) => a * b)));
    if (name.endsWith('_norm.weight')) assert.ok(part.every((v) => v !== 0) && part.length === 12, name);
  }
});

test('a GGUF file: rows stay where they are, and the norms of queries and keys come over', async () => {
  const model = { ...tiny, architecture: 'qwen3', tied: false };
  const norms = [0, 1].flatMap((layer) =>
    ['q', 'k'].map((of, i): BuiltTensor => ({
      name: `blk.${layer}.attn_${of}_norm.weight`,
      dimensions: [8],
      type: 0,
      data: floats(Float32Array.from({ length: 8 }, (_, j) => 1 + layer + i / 2 + j / 16)),
    })),
  );
  const tensors = [...modelTensors(model), ...norms];
  const file = join(cache, 'model.gguf');
  writeFileSync(file, buildGguf({ keys: [...modelKeys(model), ...byteLevelKeys('qwen2', ['a b'])], tensors }));
  const folder = join(cache, 'converted');
  await ggufToFolder(file, folder);
  const base = openBase(folder, cache);
  assert.equal(base.config.architecture, 'Qwen3ForCausalLM');
  const stored = (name: string) => new Float32Array(tensors.find((one) => one.name === name)!.data.slice().buffer);
  for (const [name, from] of [
    ['model.layers.1.self_attn.k_norm.weight', 'blk.1.attn_k_norm.weight'],
    ['model.layers.0.self_attn.q_proj.weight', 'blk.0.attn_q.weight'],
    ['lm_head.weight', 'output.weight'],
  ] as const)
    assert.deepEqual(readFloats(base.tensors.get(name)!), stored(from), name);
});
