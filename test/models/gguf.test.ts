import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Tokenizer } from '@huggingface/tokenizers';
import { readBytes } from '../../daemon/formats/safetensors.ts';
import { openTensors } from '../../daemon/formats/shards.ts';

const model = join(import.meta.dirname, '../.models/SmolLM2-135M-Instruct.Q4_1.gguf');
const skip = existsSync(model) ? false : 'the model is not there; npm run test:models fetches it';

const reference = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/gguf/smollm2.json'), 'utf8')) as {
  encoded: { text: string; ids: number[] }[];
  tensors: Record<string, string>;
};

describe('a real model as GGUF: SmolLM2-135M-Instruct, Q4_1', { skip }, () => {
  let folder = '';
  let peakBytes = 0;
  before(() => {
    const parent = mkdtempSync(join(tmpdir(), 'gguf-model-'));
    folder = join(parent, 'hf');
    const code = `
      import { ggufToFolder } from ${JSON.stringify(new URL('../../daemon/models/gguf/convert.ts', import.meta.url).href)};
      await ggufToFolder(process.argv[1], process.argv[2]);
      console.log(process.resourceUsage().maxRSS * 1024);`;
    peakBytes = Number(execFileSync(process.execPath, ['--input-type=module', '-e', code, model, folder]));
  });
  after(() => rmSync(join(folder, '..'), { recursive: true }));

  it('has the weights that transformers reads from the file, bit for bit', () => {
    const tensors = openTensors(folder);
    assert.equal(tensors.size, 272);
    for (const [name, sha256] of Object.entries(reference.tensors)) {
      const entry = tensors.get(name);
      assert.equal(entry?.dtype, 'F32', name);
      assert.equal(createHash('sha256').update(readBytes(entry)).digest('hex'), sha256, name);
    }
  });

  it('has the token ids that transformers gives, and the text back', () => {
    const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as object;
    const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'));
    for (const { text, ids } of reference.encoded) {
      assert.deepEqual(tokenizer.encode(text).ids, ids, JSON.stringify(text.slice(0, 60)));
      if (ids.length > 0) assert.equal(tokenizer.decode(ids, { skip_special_tokens: false }), text); // it throws for none
    }
  });

  it('has the configuration of the published model', () => {
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
    const expected = {
      architectures: ['LlamaForCausalLM'],
      hidden_size: 576,
      intermediate_size: 1536,
      num_hidden_layers: 30,
      num_attention_heads: 9,
      num_key_value_heads: 3,
      vocab_size: 49152,
      rms_norm_eps: 1e-5,
      rope_theta: 100000,
      tie_word_embeddings: true,
    };
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(config[key], value, key);
  });

  it('was converted with less than the weights in memory', () => {
    const written = 538_000_000;
    assert.ok(
      peakBytes > 1e7 && peakBytes < 0.85 * written,
      `peak ${Math.round(peakBytes / 1e6)} MB of ${written / 1e6} MB`,
    );
  });
});
