import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VeraError } from '../protocol/errors.ts';
import type { ModelConfig } from './model.ts';
import { familyNamed } from './registry.ts';

/** Reads and checks config.json of a Hugging Face model folder. Throws VeraError 'model'. */
export function readConfig(dir: string): ModelConfig {
  const file = join(dir, 'config.json');
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing
      ? 'is not there: a base model is a Hugging Face folder, a GGUF file or a hub id'
      : `is not valid JSON: ${(cause as Error).message}`;
    throw new VeraError('model', `${file} ${why}`, { cause });
  }
  return parseConfig(json, file);
}

/** Checks the content of a config.json; its architecture decides which family reads it. `file` is named in errors. */
export function parseConfig(json: Readonly<Record<string, unknown>>, file: string): ModelConfig {
  const architecture = Array.isArray(json['architectures'])
    ? String(json['architectures'][0])
    : `model_type ${String(json['model_type'])}`;
  return familyNamed(architecture, file).config(json, file);
}
