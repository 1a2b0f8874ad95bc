import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../formats/json.ts';
import { VeraError } from '../protocol/errors.ts';
import type { ModelConfig } from './model.ts';
import { refuseQuantised } from './quantised.ts';
import { architectureOfType, familyNamed } from './registry.ts';

/** Reads and checks config.json of a Hugging Face model folder. Throws VeraError 'model'. */
export function readConfig(dir: string): ModelConfig {
  const file = join(dir, 'config.json');
  return parseConfig(readJson(file), file);
}

function readJson(file: string): Record<string, unknown> {
  const fail = (why: string, cause?: unknown): VeraError => new VeraError('model', `${file} ${why}`, { cause });
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ENOENT'
      ? fail('is not there: a base model is a Hugging Face folder, a GGUF file or a hub id', cause)
      : fail(`cannot be read: ${(cause as Error).message}`, cause);
  }
  if (text.startsWith('version https://git-lfs'))
    throw fail('is a Git LFS pointer, not the file itself: run "git lfs pull" in its folder');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw fail(`is not valid JSON: ${(cause as Error).message}; if it was downloaded, download it again`, cause);
  }
  if (!isObject(json)) throw fail('is not a JSON object');
  return json;
}

/**
 * Checks the content of a config.json; its architecture decides which family reads it. `file` is named in errors. Quantised
 * weights are refused here, because the config says so before any weight is read.
 */
export function parseConfig(json: Readonly<Record<string, unknown>>, file: string): ModelConfig {
  const architecture = architectureOf(json);
  const family = familyNamed(architecture, file);
  refuseQuantised(json, file);
  return family.config({ ...json, architectures: [architecture] }, file);
}

/** The first of `architectures`; where there is none, what transformers makes of `model_type`. */
function architectureOf(json: Readonly<Record<string, unknown>>): string {
  const given: unknown = Array.isArray(json['architectures']) ? json['architectures'][0] : json['architectures'];
  if (typeof given === 'string' && given !== '') return given;
  const type = String(json['model_type']);
  return architectureOfType(type) ?? `model_type ${type}`;
}
