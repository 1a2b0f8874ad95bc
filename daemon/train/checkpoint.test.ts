import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { VeraError } from '../protocol/errors.ts';
import { checkpointFile, listCheckpoints, loadCheckpoint, newestCheckpoint, saveCheckpoint } from './checkpoint.ts';

const root = mkdtempSync(join(tmpdir(), 'checkpoint-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
const newFolder = (): string => join(root, String(count++));

const sample = (step: number) => ({
  state: { step, position: { epoch: 1 }, losses: [1.5, 2.25], best: { loss: 0.1 + step } },
  vectors: {
    theta: Float32Array.of(1, -0, NaN, 1e-40, step),
    mean: new Float32Array(3).fill(0.1),
    empty: new Float32Array(),
  },
});
const bytesOf = (vector: Float32Array | undefined): Buffer =>
  Buffer.from(vector!.buffer, vector!.byteOffset, vector!.byteLength);
const damaged = (error: unknown): boolean =>
  error instanceof VeraError && error.code === 'format' && /damaged/.test(error.message);

test('a checkpoint comes back bit by bit', () => {
  const dir = newFolder();
  const file = saveCheckpoint(dir, 7, sample(7));
  assert.equal(file, checkpointFile(dir, 7));
  const { state, vectors } = loadCheckpoint(file);
  assert.deepEqual(state, sample(7).state);
  for (const [name, vector] of Object.entries(sample(7).vectors))
    assert.deepEqual(bytesOf(vectors[name]), bytesOf(vector), name);
  assert.deepEqual(readdirSync(dir), ['step-00000007.ckpt']);
});

test('any vectors and any text in the state come back', () => {
  const dir = newFolder();
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.float32Array()), fc.string({ unit: 'binary' }), (given, text) => {
      const vectors = Object.fromEntries(Object.entries(given).filter(([name]) => name !== '__proto__'));
      const read = loadCheckpoint(saveCheckpoint(dir, 1, { state: { text }, vectors }));
      assert.equal(read.state['text'], text.toWellFormed());
      assert.deepEqual(Object.keys(read.vectors), Object.keys(vectors));
      for (const [name, vector] of Object.entries(vectors))
        assert.deepEqual(bytesOf(read.vectors[name]), bytesOf(vector));
    }),
    { numRuns: 50 },
  );
});

test('the newest two are kept', () => {
  const dir = newFolder();
  for (const step of [0, 5, 10, 15]) saveCheckpoint(dir, step, sample(step));
  assert.deepEqual(
    listCheckpoints(dir).map(({ step }) => step),
    [15, 10],
  );
});

test('every single flipped bit, and every cut, is noticed', () => {
  const file = saveCheckpoint(newFolder(), 3, sample(3));
  const whole = readFileSync(file);
  for (let at = 0; at < whole.length; at++) {
    const bytes = Buffer.from(whole);
    bytes[at] = bytes[at]! ^ (1 << (at % 8));
    writeFileSync(file, bytes);
    assert.throws(() => loadCheckpoint(file), damaged, `byte ${at}`);
  }
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length));
    assert.throws(() => loadCheckpoint(file), damaged, `cut at ${length}`);
  }
  writeFileSync(file, Buffer.concat([whole, Buffer.of(0)]));
  assert.throws(() => loadCheckpoint(file), damaged);
});

test('a damaged checkpoint gives way to the one before it, and says so', () => {
  const dir = newFolder();
  saveCheckpoint(dir, 10, sample(10));
  writeFileSync(saveCheckpoint(dir, 20, sample(20)), 'nonsense');
  const notes: string[] = [];
  const found = newestCheckpoint(dir, (text) => notes.push(text));
  assert.equal(found?.step, 10);
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /step-00000020\.ckpt" is damaged: .*; the one before it is used/);
});

test('where all are damaged that is an error, where there are none it is not', () => {
  const dir = newFolder();
  assert.equal(
    newestCheckpoint(dir, (text) => assert.fail(text)),
    undefined,
  );
  for (const step of [1, 2]) saveCheckpoint(dir, step, sample(step));
  for (const step of [1, 2]) writeFileSync(checkpointFile(dir, step), '');
  assert.throws(() => newestCheckpoint(dir, () => undefined), /no whole one is left/);
  assert.ok(existsSync(checkpointFile(dir, 2)));
});
