import { lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
  if (exists(join(dir, SINGLE_FILE))) return readSafetensors(present(dir, SINGLE_FILE)).tensors;
  if (!exists(join(dir, INDEX_FILE))) throw noWeights(dir);
  const index = present(dir, INDEX_FILE);
  const text = readText(index, MAX_INDEX_BYTES);
  if (isPointer(text)) throw new VeraError('format', `${quote(index)} ${LFS_POINTER}`);
  const map = parseShardIndex(text, quote(index));
  refuseMissing(dir, new Set(map.values()));
  const shards = new Map<string, Map<string, TensorEntry>>();
  const tensors = new Map<string, TensorEntry>();
  for (const [name, shard] of map) {
    let found = shards.get(shard);
    if (found === undefined) {
      found = readSafetensors(present(dir, shard)).tensors;
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

const AGAIN = 'download the model again, or let the download finish';

/** A file of the folder. A link whose target is gone, as an interrupted download leaves it, is named as one. */
function present(dir: string, name: string): string {
  const path = join(dir, name);
  const isLink = isPlain(name) && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (isLink && statSync(path, { throwIfNoEntry: false }) === undefined)
    throw new VeraError('model', `${quote(path)} is a link to a file that is not there; ${AGAIN}`);
  return containedFile(dir, name);
}

/** Refuses a folder without all of its shards, before the first of them is read. */
function refuseMissing(dir: string, shards: ReadonlySet<string>): void {
  const missing = [...shards].filter((name) => isPlain(name) && !exists(join(dir, name)));
  if (missing.length === 0) return;
  const named = missing.slice(0, 3).map(quote).join(', ');
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  const are = missing.length === 1 ? 'is' : 'are';
  throw new VeraError(
    'model',
    `${quote(dir)}: ${named}${more} of its ${shards.size} files of weights ${are} missing${unfinished(dir)}; ${AGAIN}`,
  );
}

/** Other names are refused where the file is opened. */
const isPlain = (name: string): boolean => !/[\0\\:/]|^\.{0,2}$/.test(name);

/** ' (the download of ... is not finished)' where a tool that downloads left its part of a file. */
function unfinished(dir: string): string {
  const snapshot = basename(dirname(dir)) === 'snapshots' ? join(dir, '..', '..', 'blobs') : dir;
  const places = [dir, join(dir, '.cache', 'huggingface', 'download'), snapshot];
  const parts = places.flatMap((place) => namesIn(place).filter((name) => PARTIAL.test(name)));
  return parts[0] === undefined ? '' : ` (a download is not finished: ${quote(parts[0])})`;
}

/** Endings that `hf download`, browsers, aria2 and wget give to a file until it is whole. */
const PARTIAL = /\.(incomplete|part|partial|crdownload|download|aria2|tmp)$/i;

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

const LFS_POINTER = 'is a Git LFS pointer, not the file itself: run "git lfs pull" in its folder';
const isPointer = (text: string): boolean => text.startsWith('version https://git-lfs');

/** Says why there are no weights to open and what to do, from what the folder contains instead. */
function noWeights(dir: string): VeraError {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    return ioError(error, 'read', dir);
  }
  const without = (what: string): VeraError => new VeraError('model', `${quote(dir)} ${what}`);
  const parts = unfinished(dir);
  if (parts !== '') return without(`has no ${SINGLE_FILE}${parts}; ${AGAIN}`);
  const shards = names.filter((name) => /^model-\d+-of-\d+\.safetensors$/.test(name));
  if (shards.length > 0)
    return without(`has ${shards.length} files of weights, but no ${INDEX_FILE}; download that file too`);
  const other = names.find((name) => name.endsWith('.safetensors') && !ADAPTERS.includes(name));
  if (other !== undefined)
    return without(`has no ${SINGLE_FILE}, but ${quote(other)}; use the folder of the model in Hugging Face's form`);
  if (names.some((name) => ADAPTERS.includes(name))) return without('is an adapter, not a base model');
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
    return without(`has no ${SINGLE_FILE}; to use the GGUF file, give ${quote(join(dir, gguf))} itself`);
  return without(`has no weights: expected ${SINGLE_FILE}, or ${INDEX_FILE} and its shards`);
}

/** Weights of adapters, by the names that PEFT and mlx-lm give them. */
const ADAPTERS: readonly string[] = ['adapter_model.safetensors', 'adapters.safetensors'];
