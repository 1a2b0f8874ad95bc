import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TensorEntry } from '../formats/safetensors.ts';
import { openTensors } from '../formats/shards.ts';
import { VeraError } from '../protocol/errors.ts';
import { readConfig } from './config.ts';
import type { ModelConfig } from './model.ts';
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
 * list. `cache`: the folder that remembers its fingerprint. Throws VeraError 'model' naming the first tensor that is wrong.
 */
export function openBase(dir: string, cache: string): BaseModel {
  const read = readConfig(dir);
  const tensors = openTensors(dir);
  let config = read;
  for (const { name, shape, role } of modelTensors(read)) {
    // A checkpoint without a head computes the logits with its embeddings, whatever its config says.
    if (role === 'head' && !tensors.has(name)) config = { ...read, tied: true };
    else if (shapeOf({ dir, tensors }, name).join() !== shape.join()) {
      throw new VeraError(
        'model',
        `${dir}: tensor ${name} is [${tensors.get(name)!.shape.join(', ')}], but config.json makes it [${shape.join(', ')}]`,
      );
    }
  }
  return { dir, config, tensors, fingerprint: fingerprint(tensors, cache) };
}

/** Shape of a tensor of the base. Throws VeraError 'model' with the tensor's name if the base does not have it. */
export function shapeOf(base: Pick<BaseModel, 'dir' | 'tensors'>, name: string): readonly number[] {
  const entry = base.tensors.get(name);
  if (!entry)
    throw new VeraError(
      'model',
      `${base.dir}: tensor ${name} is missing; the checkpoint does not hold all that its config.json promises`,
    );
  return entry.shape;
}

const BLOCK = 8 << 20;

function fingerprint(tensors: ReadonlyMap<string, TensorEntry>, cache: string): string {
  const files = [...new Set([...tensors.values()].map(({ file }) => file))].sort();
  const key = files
    .map((file) => {
      const { size, mtimeMs, ino } = statSync(file);
      return `${realpathSync(file)} ${String(size)} ${String(mtimeMs)} ${String(ino)}`;
    })
    .join('\n');
  const index = join(cache, 'fingerprints.json');
  const id = createHash('sha256').update(key).digest('hex');
  const known = remembered(index, id);
  if (known !== undefined) return known;
  const computed = hashTensors(tensors);
  remember(index, id, computed);
  return computed;
}

function hashTensors(tensors: ReadonlyMap<string, TensorEntry>): string {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(BLOCK);
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, file, offset, length } = tensors.get(name) as TensorEntry;
    hash.update(`${name} ${dtype} [${shape.join()}]\n`);
    const handle = openSync(file, 'r');
    try {
      for (let done = 0; done < length;) {
        const got = readSync(handle, buffer, 0, Math.min(BLOCK, length - done), offset + done);
        if (got === 0) throw new VeraError('model', `${file} ended while tensor ${name} was read`);
        hash.update(buffer.subarray(0, got));
        done += got;
      }
    } finally {
      closeSync(handle);
    }
  }
  return hash.digest('hex');
}
