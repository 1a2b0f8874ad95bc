import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { modelFixture } from '../../test/fixtures/read.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { readFloats } from '../formats/safetensors.ts';
import type { FileRange } from '../graph/onnx/serialize.ts';
import { openBase } from '../models/base.ts';
import { weightLocator } from './locate.ts';

const cache = temporaryFolder();
const NAME = 'model.layers.0.mlp.up_proj.weight';

function bytesAt({ file, offset, length }: FileRange): ArrayBuffer {
  const bytes = readFileSync(file).subarray(offset, offset + length);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

test('float32 weights are read where they lie in the checkpoint', () => {
  const base = openBase(modelFixture('llama').dir, cache);
  const range = weightLocator(base, cache)(`f32:${NAME}`);
  assert.equal(range.file, base.tensors.get(NAME)!.file);
  assert.deepEqual(new Float32Array(bytesAt(range)), readFloats(base.tensors.get(NAME)!));
});

test('half precision is widened once, and found the next time', () => {
  for (const name of ['mistral-fp16', 'llama-gqa-tied-bf16']) {
    const base = openBase(modelFixture(name).dir, cache);
    const first = weightLocator(base, cache)(`f32:${NAME}`);
    assert.ok(first.file.startsWith(cache) && first.file.includes(base.fingerprint));
    assert.deepEqual(new Float32Array(bytesAt(first)), readFloats(base.tensors.get(NAME)!));
    const { mtimeMs } = statSync(first.file);
    assert.equal(statSync(weightLocator(base, cache)(`f32:${NAME}`).file).mtimeMs, mtimeMs);
  }
});

test('the int8 copies times their scales are the weight, to half a step', () => {
  const base = openBase(modelFixture('llama').dir, cache);
  const locate = weightLocator(base, cache);
  const [rows, columns] = base.tensors.get(NAME)!.shape as [number, number];
  const exact = readFloats(base.tensors.get(NAME)!);
  // The scales may be asked for first: they are made together with the matrix.
  const [forwardScale, forward] = [
    new Float32Array(bytesAt(locate(`int8fs:${NAME}`))),
    new Int8Array(bytesAt(locate(`int8f:${NAME}`))),
  ];
  const [backward, backwardScale] = [
    new Int8Array(bytesAt(locate(`int8b:${NAME}`))),
    new Float32Array(bytesAt(locate(`int8bs:${NAME}`))),
  ];
  assert.deepEqual([forwardScale.length, backwardScale.length], [rows, columns]);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const value = exact[r * columns + c]!;
      assert.ok(Math.abs(forward[c * rows + r]! * forwardScale[r]! - value) <= 0.501 * forwardScale[r]!);
      assert.ok(Math.abs(backward[r * columns + c]! * backwardScale[c]! - value) <= 0.501 * backwardScale[c]!);
    }
  }
});

test('a weight that the base lacks is an error that names it', () => {
  const base = openBase(modelFixture('llama').dir, cache);
  assert.throws(
    () => weightLocator(base, cache)('f32:model.nothing.weight'),
    /tensor model\.nothing\.weight is missing/,
  );
});
