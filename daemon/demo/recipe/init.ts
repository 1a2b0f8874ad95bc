// Writes the untrained model, float32, as a Hugging Face folder: node daemon/demo/recipe/init.ts OUT [SEED]. Same seed, same bytes.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeFolderAtomic } from '../../formats/atomic.ts';
import { writeSafetensors, type TensorSource } from '../../formats/safetensors.ts';
import { VeraError } from '../../protocol/errors.ts';
import { random } from './fim.ts';

interface LlamaConfig {
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  vocab_size: number;
  initializer_range: number;
}

const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json'];

/** Independent normal values of the given deviation (Box-Muller), from a stream that the tensor's own name seeds. */
function normal(name: string, shape: number[], deviation: number, seed: string): TensorSource {
  const bytes = (): Uint8Array => {
    const next = random(`${seed} ${name}`);
    const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
    for (let i = 0; i < values.length; i += 2) {
      const radius = deviation * Math.sqrt(-2 * Math.log(1 - next()));
      const angle = 2 * Math.PI * next();
      values[i] = radius * Math.cos(angle);
      if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
    }
    return new Uint8Array(values.buffer);
  };
  return { name, dtype: 'F32', shape, bytes };
}

function ones(name: string, size: number): TensorSource {
  return { name, dtype: 'F32', shape: [size], bytes: () => new Uint8Array(new Float32Array(size).fill(1).buffer) };
}

/**
 * Every tensor of the model by its HF name; projections [out, in]. What adds to the residual stream (o_proj, down_proj) starts smaller by
 * sqrt(2 layers), so that the stream's variance does not grow with depth (GPT-2's rule).
 */
function initialTensors(config: LlamaConfig, seed: string): TensorSource[] {
  const {
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    initializer_range: deviation,
  } = config;
  const queries = config.num_attention_heads * config.head_dim;
  const keys = config.num_key_value_heads * config.head_dim;
  const residual = deviation / Math.sqrt(2 * layers);
  const tensors = [normal('model.embed_tokens.weight', [config.vocab_size, hidden], deviation, seed)];
  for (let layer = 0; layer < layers; layer += 1) {
    const at = `model.layers.${layer}`;
    tensors.push(
      ones(`${at}.input_layernorm.weight`, hidden),
      normal(`${at}.self_attn.q_proj.weight`, [queries, hidden], deviation, seed),
      normal(`${at}.self_attn.k_proj.weight`, [keys, hidden], deviation, seed),
      normal(`${at}.self_attn.v_proj.weight`, [keys, hidden], deviation, seed),
      normal(`${at}.self_attn.o_proj.weight`, [hidden, queries], residual, seed),
      ones(`${at}.post_attention_layernorm.weight`, hidden),
      normal(`${at}.mlp.gate_proj.weight`, [inner, hidden], deviation, seed),
      normal(`${at}.mlp.up_proj.weight`, [inner, hidden], deviation, seed),
      normal(`${at}.mlp.down_proj.weight`, [hidden, inner], residual, seed),
    );
  }
  tensors.push(ones('model.norm.weight', hidden));
  return tensors;
}

const [out, seed = '0'] = process.argv.slice(2);
if (out === undefined)
  throw new VeraError('usage', 'node daemon/demo/recipe/init.ts OUT [SEED]: the folder to write is missing');
const demo = join(import.meta.dirname, '..');
const config = JSON.parse(readFileSync(join(demo, 'config.json'), 'utf8')) as LlamaConfig;
await writeFolderAtomic(resolve(out), (folder) => {
  writeSafetensors(join(folder, 'model.safetensors'), initialTensors(config, seed), { format: 'pt' });
  writeFileSync(
    join(folder, 'config.json'),
    `${JSON.stringify({ ...config, torch_dtype: 'float32' }, undefined, 2)}\n`,
  );
  for (const file of TOKENIZER_FILES) copyFileSync(join(demo, file), join(folder, file));
});
