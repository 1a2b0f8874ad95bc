import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DType } from '../formats/dtype.ts';
import type { TensorEntry } from '../formats/safetensors.ts';
import { openTensors } from '../formats/shards.ts';
import { VeraError } from '../protocol/errors.ts';
import { readConfig } from './config.ts';
import type { ModelConfig } from './model.ts';
import { quantisationOf, quantisedError } from './quantised.ts';
import { modelTensors } from './tensors.ts';
import { remember, remembered } from './remembered.ts';

/** A base model on disk. */
export interface BaseModel {
  readonly dir: string;
  readonly config: ModelConfig;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** sha256 of the tensors' names, types, shapes and bytes. An adapter belongs to the base with this fingerprint. */
  readonly fingerprint: string;
}

/**
 * Opens a Hugging Face folder (config.json, model.safetensors or shards) and checks that it has every tensor of its family's
 * list, each with its shape and as floating-point numbers. `cache`: the folder that remembers its fingerprint. Throws VeraError
 * 'model' naming the first tensor that is wrong.
 */
export function openBase(dir: string, cache: string): BaseModel {
  const { config, tensors } = inspectBase(dir, cache);
  return { dir, config, tensors, fingerprint: fingerprint(tensors, cache) };
}

/** Like openBase, without the fingerprint: it reads headers alone, except for a head that may differ from tied embeddings. */
export function inspectBase(dir: string, cache: string): Omit<BaseModel, 'fingerprint'> {
  const read = readConfig(dir);
  const tensors = openTensors(dir);
  const quantised = quantisationOf(tensors);
  if (quantised !== undefined) throw quantisedError(dir, quantised);
  const tied = isTied(read, tensors, cache);
  const config = tied === read.tied ? read : { ...read, tied };
  for (const { name, shape } of modelTensors(config)) {
    const { dtype, shape: stored } = tensorOf(
      { dir, tensors },
      name,
      `, which config.json (${config.architecture}) promises`,
    );
    if (stored.join() !== shape.join())
      throw new VeraError(
        'model',
        `${dir}: tensor ${name} is [${stored.join(', ')}], but config.json makes it [${shape.join(', ')}]; config.json and weights must be of the same model`,
      );
    if (!FLOATS.has(dtype))
      throw new VeraError('model', `${dir}: tensor ${name} is ${dtype}, but weights must be F64, F32, F16 or BF16`);
  }
  return { dir, config, tensors };
}

const FLOATS: ReadonlySet<DType> = new Set(['F64', 'F32', 'F16', 'BF16']);

/**
 * Whether the embeddings compute the logits. A checkpoint without a head does so whatever its config says. A head that is stored
 * and differs from the embeddings is used even if the config ties them, as transformers does since version 5.
 */
function isTied(config: ModelConfig, tensors: ReadonlyMap<string, TensorEntry>, cache: string): boolean {
  let embeddings: TensorEntry | undefined;
  let head: TensorEntry | undefined;
  // Without its layers, of which a damaged config may name 2^31.
  for (const { name, role } of modelTensors({ ...config, layers: 0, tied: false })) {
    if (role === 'embedding') embeddings ??= tensors.get(name);
    if (role === 'head') head = tensors.get(name);
  }
  if (head === undefined) return embeddings === undefined ? config.tied : true;
  if (!config.tied || embeddings === undefined) return config.tied;
  return head.shape.join() !== embeddings.shape.join() || sameBytes(embeddings, head, cache);
}

/** Whether two tensors are equal. The answer is remembered if all of them had to be read. */
function sameBytes(a: TensorEntry, b: TensorEntry, cache: string): boolean {
  if (a.dtype !== b.dtype) return false;
  const index = join(cache, 'fingerprints.json');
  const key = createHash('sha256')
    .update(`head ${a.offset} ${b.offset} ${stateOf([a.file, b.file])}`)
    .digest('hex');
  if (remembered(index, key) !== undefined) return true;
  const others = blocks(b);
  for (const block of blocks(a)) if (!block.equals(others.next().value as Buffer)) return false;
  remember(index, key, '1');
  return true;
}

/** Throws VeraError 'model' with the tensor's name if the base does not have it. */
function tensorOf(base: Pick<BaseModel, 'dir' | 'tensors'>, name: string, why = ''): TensorEntry {
  const entry = base.tensors.get(name);
  if (!entry)
    throw new VeraError(
      'model',
      `${base.dir}: tensor ${name} is missing${why}; config.json and weights must be of the same model, and whole`,
    );
  return entry;
}

/** Shape of a tensor of the base. Throws VeraError 'model' with the tensor's name if the base does not have it. */
export const shapeOf = (base: Pick<BaseModel, 'dir' | 'tensors'>, name: string): readonly number[] =>
  tensorOf(base, name).shape;

const BLOCK = 8 << 20;

/** The fingerprint of a model folder, if it was taken before and the files are still the same. */
export function knownFingerprint(dir: string, cache: string): string | undefined {
  const files = [...new Set([...openTensors(dir).values()].map(({ file }) => file))].sort();
  return remembered(join(cache, 'fingerprints.json'), createHash('sha256').update(stateOf(files)).digest('hex'));
}

function fingerprint(tensors: ReadonlyMap<string, TensorEntry>, cache: string): string {
  const files = [...new Set([...tensors.values()].map(({ file }) => file))].sort();
  const index = join(cache, 'fingerprints.json');
  const id = createHash('sha256').update(stateOf(files)).digest('hex');
  const known = remembered(index, id);
  if (known !== undefined) return known;
  const computed = hashTensors(tensors);
  remember(index, id, computed);
  return computed;
}

/** A text that changes whenever one of the files does. */
const stateOf = (files: readonly string[]): string =>
  files
    .map((file) => {
      const { size, mtimeMs, ino } = statSync(file);
      return `${realpathSync(file)} ${String(size)} ${String(mtimeMs)} ${String(ino)}`;
    })
    .join('\n');

function hashTensors(tensors: ReadonlyMap<string, TensorEntry>): string {
  const hash = createHash('sha256');
  for (const name of [...tensors.keys()].sort()) {
    const entry = tensors.get(name) as TensorEntry;
    hash.update(`${name} ${entry.dtype} [${entry.shape.join()}]\n`);
    for (const block of blocks(entry)) hash.update(block);
  }
  return hash.digest('hex');
}

/** The bytes of a tensor, a block at a time. */
function* blocks({ name, file, offset, length }: TensorEntry): Generator<Buffer, undefined> {
  const buffer = Buffer.alloc(Math.min(BLOCK, length));
  const handle = openSync(file, 'r');
  try {
    for (let done = 0; done < length;) {
      const got = readSync(handle, buffer, 0, Math.min(BLOCK, length - done), offset + done);
      if (got === 0) throw new VeraError('model', `${file} ended while tensor ${name} was read`);
      yield buffer.subarray(0, got);
      done += got;
    }
  } finally {
    closeSync(handle);
  }
}
