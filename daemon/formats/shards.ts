import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { VeraError } from '../protocol/errors.ts';
import { containedFile } from './contain.ts';
import { refuseForeign } from './foreign.ts';
import { isObject, parseJsonObject } from './json.ts';
import { quote } from './quote.ts';
import { ioError, readText } from './read.ts';
import { readSafetensors } from './safetensors.ts';
import type { TensorEntry } from './safetensors.ts';

export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';
export const MAX_INDEX_BYTES = 100_000_000; // as for a safetensors header; the largest published index has about 20 MB
const MAX_SHARDS = 10_000; // the largest published models have a few hundred; each costs one open file and one header

/**
 * The tensors of a model folder by name, from headers only: those of `model.safetensors`, or those of the shards in
 * `model.safetensors.index.json` ({weight_map: {tensor: file}}). Throws VeraError 'format', 'io' or 'model'.
 */
export function openTensors(dir: string): Map<string, TensorEntry> {
  if (exists(join(dir, SINGLE_FILE))) return readSafetensors(containedFile(dir, SINGLE_FILE)).tensors;
  if (!exists(join(dir, INDEX_FILE))) throw noWeights(dir);
  const index = containedFile(dir, INDEX_FILE);
  const map = parseShardIndex(readText(index, MAX_INDEX_BYTES), quote(index));
  const shards = new Map<string, Map<string, TensorEntry>>();
  const tensors = new Map<string, TensorEntry>();
  for (const [name, shard] of map) {
    let found = shards.get(shard);
    if (found === undefined) {
      found = readSafetensors(containedFile(dir, shard)).tensors;
      shards.set(shard, found);
    }
    const entry = found.get(name);
    if (entry === undefined)
      throw new VeraError(
        'format',
        `${quote(index)}: tensor ${quote(name)} is not in ${quote(shard)}, as the index says`,
      );
    tensors.set(name, entry);
  }
  return tensors;
}

/** The map from tensor to shard file in an index. File names are not checked here; containedFile does that. */
export function parseShardIndex(text: string, where: string): Map<string, string> {
  const { weight_map: weightMap } = parseJsonObject(text, where);
  if (!isObject(weightMap)) throw new VeraError('format', `${where}: weight_map is missing or not an object`);
  const map = new Map<string, string>();
  for (const [name, shard] of Object.entries(weightMap)) {
    if (typeof shard !== 'string')
      throw new VeraError('format', `${where}: the shard of tensor ${quote(name)} is not a file name`);
    map.set(name, shard);
  }
  const count = new Set(map.values()).size;
  if (count > MAX_SHARDS)
    throw new VeraError('format', `${where}: ${count} shards, but only ${MAX_SHARDS} are allowed`);
  return map;
}

// A dangling link counts as a file, because its error says more than "no weights".
const exists = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Says why there are no weights to open and what to do, from what the folder contains instead. */
function noWeights(dir: string): VeraError {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    return ioError(error, 'read', dir);
  }
  const weights = names.filter((name) => /\.(bin|pt|pth|ckpt|h5)$/i.test(name)).sort();
  for (const name of weights) {
    try {
      refuseForeign(join(dir, name));
    } catch (error) {
      if (error instanceof VeraError && error.code === 'format') return error;
    }
  }
  const gguf = names.find((name) => /\.gguf$/i.test(name));
  if (gguf !== undefined)
    return new VeraError(
      'model',
      `${quote(dir)} has no ${SINGLE_FILE}; to use the GGUF file, give ${quote(join(dir, gguf))} itself`,
    );
  if (names.includes('adapter_model.safetensors'))
    return new VeraError('model', `${quote(dir)} is an adapter, not a base model`);
  return new VeraError(
    'model',
    `${quote(dir)} has no weights: expected ${SINGLE_FILE}, or ${INDEX_FILE} and its shards`,
  );
}
