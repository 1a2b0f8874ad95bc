import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../formats/folder.ts';
import { writeFileAtomic } from '../formats/atomic.ts';
import { readFloats, type TensorEntry } from '../formats/safetensors.ts';
import type { FileRange } from '../graph/onnx/serialize.ts';
import { VeraError } from '../protocol/errors.ts';
import type { BaseModel } from './base.ts';
import { quantizeColumns, transposed } from './quantize.ts';

/**
 * Finds the bytes of a frozen weight by the key a network gave it: `f32:NAME`, or `int8f:NAME`, `int8fs:NAME`,
 * `int8b:NAME`, `int8bs:NAME` for the int8 copies and their scales. float32 checkpoints are read in place; everything
 * else is transformed once into the cache, beside the base's fingerprint, and found there the next time.
 */
export function weightLocator(base: BaseModel, cache: string): (key: string) => FileRange {
  const folder = join(cache, 'weights', base.fingerprint);
  return (key) => {
    const [kind, name] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)];
    const entry = base.tensors.get(name);
    if (!entry) throw new VeraError('model', `${base.dir}: tensor ${name} is missing`);
    if (kind === 'f32' && entry.dtype === 'F32' && entry.offset % 8 === 0) return entry;
    const file = join(folder, kind, `${name}.bin`);
    if (!existsSync(file)) transform(kind, entry, folder);
    return { file, offset: 0, length: statSync(file).size };
  };
}

function transform(kind: string, entry: TensorEntry, folder: string): void {
  const write = (as: string, data: Float32Array | Int8Array): void => {
    makeFolder(join(folder, as));
    writeFileAtomic(
      join(folder, as, `${entry.name}.bin`),
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  };
  const values = readFloats(entry);
  if (kind === 'f32') {
    write('f32', values);
    return;
  }
  const [rows, columns] = entry.shape as [number, number];
  const forward = kind.startsWith('int8f');
  const { q, scale } = forward
    ? quantizeColumns(transposed(values, rows, columns), columns, rows)
    : quantizeColumns(values, rows, columns);
  // The scales go last: whoever finds the matrix must find them too, and asks for them second.
  write(forward ? 'int8f' : 'int8b', q);
  write(forward ? 'int8fs' : 'int8bs', scale);
}
