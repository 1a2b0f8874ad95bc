import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../formats/folder.ts';
import { writeFileAtomic } from '../formats/atomic.ts';
import { readFloats, type TensorEntry } from '../formats/safetensors.ts';
import type { FileRange } from '../graph/onnx/serialize.ts';
import { VeraError } from '../protocol/errors.ts';
import { copiesFolder } from './folder.ts';
import { type Copies, copyOf } from './format.ts';
import { WEIGHT_FORMATS } from './registry.ts';

/** The checkpoint that weights come from. */
export interface WeightSource {
  readonly dir: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** Names the folder of the cache. */
  readonly fingerprint: string;
}

/**
 * Finds the bytes of a frozen weight by the key that a graph gave it (`copyKey`). A tensor that is stored in the form that is
 * needed is read from the checkpoint. Any other form is made once and kept in the cache, below the base's fingerprint.
 * Throws VeraError 'model' where the base has no such tensor.
 */
export function weightLocator(base: WeightSource, cache: string): (key: string) => FileRange {
  const folder = copiesFolder(cache, base.fingerprint);
  return (key) => {
    const { kind, tensor } = copyOf(key);
    const entry = base.tensors.get(tensor);
    if (!entry) throw new VeraError('model', `${base.dir}: tensor ${tensor} is missing`);
    const copies = copiesOf(kind);
    // onnxruntime reads external data only at offsets that are multiples of 8.
    if (entry.dtype === copies.asStored && entry.offset % 8 === 0) return entry;
    const file = join(folder, kind, `${tensor}.bin`);
    if (!existsSync(file)) make(copies, entry, folder);
    return { file, offset: 0, length: statSync(file).size };
  };
}

function copiesOf(kind: string): Copies {
  const found = WEIGHT_FORMATS.flatMap(({ copies }) => copies).find(({ kinds }) => kinds.includes(kind));
  if (!found) throw new Error(`no weight format keeps arrays of the kind ${kind}`);
  return found;
}

function make({ kinds, make }: Copies, entry: TensorEntry, folder: string): void {
  const arrays = make(readFloats(entry), entry.shape);
  kinds.forEach((kind, i) => {
    const { buffer, byteOffset, byteLength } = arrays[i]!;
    makeFolder(join(folder, kind));
    writeFileAtomic(join(folder, kind, `${entry.name}.bin`), new Uint8Array(buffer, byteOffset, byteLength));
  });
}
