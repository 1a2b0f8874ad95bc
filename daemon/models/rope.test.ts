import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './config.ts';
import type { DecoderConfig } from './decoder.ts';
import { inverseFrequencies, rotaryTables } from './rope.ts';

const config = (scaling: object | null) =>
  parseConfig(
    {
      architectures: ['LlamaForCausalLM'],
      vocab_size: 9,
      hidden_size: 64,
      intermediate_size: 9,
      num_hidden_layers: 1,
      num_attention_heads: 1,
      rope_theta: 10000,
      rope_scaling: scaling,
    },
    'config.json',
  ) as DecoderConfig;
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-6 * Math.abs(b), `${a}, not ${b}`);

test('frequencies fall from 1 by theta to the power of the dimension', () => {
  const f = inverseFrequencies(config(null));
  assert.equal(f.length, 32);
  f.forEach((v, i) => near(v, 10000 ** (-i / 32)));
});

test('linear scaling divides every frequency', () => {
  const [plain, scaled] = [
    inverseFrequencies(config(null)),
    inverseFrequencies(config({ rope_type: 'linear', factor: 4 })),
  ];
  scaled.forEach((v, i) => near(v, plain[i]! / 4));
});

test('llama3 scaling leaves short waves, divides long ones, and lies between for the rest', () => {
  const scaling = {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 256,
  };
  const [plain, scaled] = [inverseFrequencies(config(null)), inverseFrequencies(config(scaling))];
  const kinds = plain.map((f, i) => {
    const wave = (2 * Math.PI) / f;
    const kind = wave < 64 ? 0 : wave > 256 ? 2 : 1;
    if (kind === 0) assert.equal(scaled[i], f);
    else if (kind === 2) near(scaled[i]!, f / 8);
    else assert.ok(scaled[i]! < f && scaled[i]! > f / 8);
    return kind;
  });
  assert.deepEqual([...new Set(kinds)], [0, 1, 2]);
});

test('tables hold cosine and sine of position times frequency', () => {
  const { cos, sin, minusSin } = rotaryTables(config(null), 5);
  const f = inverseFrequencies(config(null));
  assert.equal(cos.length, 5 * 32);
  for (let p = 0; p < 5; p++) {
    for (let i = 0; i < 32; i++) {
      near(cos[p * 32 + i]!, Math.cos(p * f[i]!));
      assert.ok(Math.abs(sin[p * 32 + i]! - Math.sin(p * f[i]!)) < 1e-6);
      assert.equal(minusSin[p * 32 + i]!, -sin[p * 32 + i]!);
    }
  }
});
