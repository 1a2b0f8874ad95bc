// Writes the untrained model, float32, as a Hugging Face folder: node daemon/demo/recipe/init.ts OUT [SEED]. Same seed, same bytes.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeFolderAtomic } from '../../formats/atomic.ts';
import { writeSafetensors, type TensorSource } from '../../formats/safetensors.ts';
import { parseConfig } from '../../models/config.ts';
import type { ModelConfig } from '../../models/model.ts';
import { modelTensors } from '../../models/tensors.ts';
import { VeraError } from '../../protocol/errors.ts';
import { random } from './fim.ts';

const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json'];

/** Independent normal values of the given deviation (Box-Muller), from a stream that is seeded by the tensor's name. */
function normal(name: string, shape: readonly number[], deviation: number, seed: string): TensorSource {
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

function filled(name: string, shape: readonly number[], value: number): TensorSource {
  const size = shape.reduce((product, n) => product * n, 1);
  return { name, dtype: 'F32', shape, bytes: () => new Uint8Array(new Float32Array(size).fill(value).buffer) };
}

/**
 * Every tensor of the model. What adds to the residual stream starts smaller by sqrt(2 layers), so that the stream's variance
 * does not grow with depth (GPT-2's rule).
 */
function initialTensors(config: ModelConfig, deviation: number, seed: string): TensorSource[] {
  return [...modelTensors(config)].map(({ name, shape, role }) => {
    if (role === 'norm') return filled(name, shape, 1);
    if (role === 'bias') return filled(name, shape, 0);
    return normal(name, shape, role === 'residual' ? deviation / Math.sqrt(2 * config.layers) : deviation, seed);
  });
}

const [out, seed = '0'] = process.argv.slice(2);
if (out === undefined)
  throw new VeraError('usage', 'node daemon/demo/recipe/init.ts OUT [SEED]: the folder to write is missing');
const demo = join(import.meta.dirname, '..');
const file = join(demo, 'config.json');
const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
const tensors = initialTensors(parseConfig(json, file), Number(json['initializer_range']), seed);
await writeFolderAtomic(resolve(out), (folder) => {
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify({ ...json, torch_dtype: 'float32' }, undefined, 2)}\n`);
  for (const file of TOKENIZER_FILES) copyFileSync(join(demo, file), join(folder, file));
});
