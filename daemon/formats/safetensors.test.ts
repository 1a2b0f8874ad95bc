import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  openSync,
  closeSync,
  ftruncateSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { counted } from '../../test/counted.ts';
import { VeraError } from '../protocol/errors.ts';
import { countNonFinite, encodeFloats } from './float.ts';
import { dtypeSize } from './dtype.ts';
import { readBytes, readFloats, readSafetensors, writeSafetensors } from './safetensors.ts';
import type { DType } from './dtype.ts';

const dir = mkdtempSync(join(tmpdir(), 'safetensors-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'model.safetensors');

/** A file of a header as given, with its true length or a stated one, and that many bytes of data. */
function craft(header: string | Uint8Array, dataBytes = 0, stated?: bigint): void {
  const json = typeof header === 'string' ? Buffer.from(header) : header;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(stated ?? BigInt(json.length));
  writeFileSync(file, Buffer.concat([length, json, Buffer.alloc(dataBytes, 1)]));
}
const refuses = (message: RegExp) =>
  assert.throws(
    () => readSafetensors(file),
    (error: unknown) => {
      assert.ok(error instanceof VeraError && error.code === 'format', String(error));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      assert.ok(error.message.includes('model.safetensors'), 'names the file');
      return true;
    },
  );
const tensor = (dtype: string, shape: unknown, begin: unknown, end: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

test('a file written by hand after the specification is read', () => {
  craft(
    `{"__metadata__":{"format":"pt"},"b":${tensor('F32', [2], 4, 12)},"a":${tensor('BF16', [1, 2], 0, 4)},"empty":${tensor('I64', [0, 3], 12, 12)},"scalar":${tensor('U8', [], 12, 13)}}   `,
    13,
  );
  const { tensors, metadata } = readSafetensors(file);
  assert.deepEqual(metadata, { format: 'pt' });
  assert.deepEqual([...tensors.keys()], ['a', 'b', 'empty', 'scalar']);
  const start = readFileSync(file).length - 13;
  assert.deepEqual(tensors.get('b'), { name: 'b', dtype: 'F32', shape: [2], file, offset: start + 4, length: 8 });
  assert.deepEqual([...readBytes(tensors.get('scalar')!)], [1]);
  assert.equal(readBytes(tensors.get('empty')!).length, 0);
  assert.throws(() => readFloats(tensors.get('scalar')!), { code: 'format', message: /"scalar" is U8/ });
});

test('no tensors at all is a file too', () => {
  craft('{}');
  assert.equal(readSafetensors(file).tensors.size, 0);
});

test('too short: 0 to 7 bytes, and a length without a header', () => {
  for (let size = 0; size < 8; size++) {
    writeFileSync(file, Buffer.alloc(size));
    refuses(/too short/);
  }
  craft('');
  refuses(/does not begin with "\{"/);
});

test('header lengths: over the limit, past the end, 2^64 - 1, one byte more than there is', () => {
  craft('{}', 0, 100_000_001n);
  refuses(/the header has 100000001 bytes, but only 100000000/);
  craft('{}', 0, 2n ** 64n - 1n);
  refuses(/18446744073709551615 bytes, but only/);
  craft('{}', 0, 3n);
  refuses(/the header says 3 bytes, but the file has 10/);
  craft('{}', 0, 2n ** 32n + 2n); // its lower half alone would be right
  refuses(/4294967298 bytes, but only/);
});

test('a header that is not UTF-8, not JSON, not an object, or follows another text', () => {
  craft(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]));
  refuses(/not valid UTF-8/);
  craft('{"a":');
  refuses(/not valid JSON/);
  craft('[]');
  refuses(/does not begin with/);
  craft('\ufeff{}');
  refuses(/does not begin with/);
  craft(' {}');
  refuses(/does not begin with/);
  craft('{}x');
  refuses(/not valid JSON/);
  craft('{"a":'.repeat(100_000));
  refuses(/nested deeper/);
});

test('duplicate names, also spelled with an escape, and duplicate keys of a tensor', () => {
  const one = tensor('U8', [1], 0, 1);
  craft(`{"a":${one},"a":${one}}`, 1);
  refuses(/"a" appears twice/);
  craft(`{"a":${one},"\\u0061":${one}}`, 1);
  refuses(/"a" appears twice/);
  craft(`{"a":{"dtype":"U8","shape":[1],"shape":[2],"data_offsets":[0,1]}}`, 1);
  refuses(/"shape" appears twice/);
});

test('overlaps, holes, bytes before, between and after', () => {
  craft(`{"a":${tensor('U8', [4], 0, 4)},"b":${tensor('U8', [4], 2, 6)}}`, 6);
  refuses(/"b": overlaps the tensor before it by 2 bytes/);
  craft(`{"a":${tensor('U8', [4], 0, 4)},"b":${tensor('U8', [4], 0, 4)}}`, 4);
  refuses(/overlaps the tensor before it by 4 bytes/);
  craft(`{"a":${tensor('U8', [4], 0, 4)},"b":${tensor('U8', [2], 6, 8)}}`, 8);
  refuses(/"b": 2 bytes before it belong to no tensor/);
  craft(`{"a":${tensor('U8', [4], 1, 5)}}`, 5);
  refuses(/"a": 1 bytes before it/);
  craft(`{"a":${tensor('U8', [4], 0, 4)}}`, 10);
  refuses(/the last 6 bytes belong to no tensor/);
  craft('{}', 1);
  refuses(/the last 1 bytes/);
  craft(`{"a":${tensor('U8', [4], 0, 4)},"b":${tensor('U8', [0], 2, 2)}}`, 4);
  refuses(/"b": overlaps/);
});

test('offsets: past the end, backwards, negative, fractional, huge, strings, too few', () => {
  craft(`{"a":${tensor('U8', [9], 0, 9)}}`, 8);
  refuses(/ends at byte 9, but the file has 8/);
  craft(`{"a":${tensor('U8', [0], 5, 0)}}`, 8);
  refuses(/ends \(0\) before it begins \(5\)/);
  for (const [begin, end] of [
    [-8, 0],
    [0, 0.5],
    [0, 1e300],
    [0, 2 ** 63],
    ['0', '8'],
    [null, null],
    [0, true],
  ]) {
    craft(`{"a":${tensor('U8', [8], begin, end)}}`, 8);
    refuses(/"a": data_offsets must be two numbers/);
  }
  for (const offsets of ['[0]', '[0,8,8]', '{}', '"08"', 'null']) {
    craft(`{"a":{"dtype":"U8","shape":[8],"data_offsets":${offsets}}}`, 8);
    refuses(/data_offsets must be two numbers/);
  }
});

test('shapes: mismatch with dtype, negative, fractional, products that wrap round 2^64, too many dimensions', () => {
  craft(`{"a":${tensor('F32', [3], 0, 8)}}`, 8);
  refuses(/"a": F32 \[3\] takes 12 bytes, but its data has 8/);
  craft(`{"a":${tensor('F64', [], 0, 4)}}`, 4);
  refuses(/F64 \[\] takes 8 bytes/);
  craft(`{"a":${tensor('U8', [2 ** 32, 2 ** 32], 0, 0)}}`); // 2^64 is 0 in 64 bits
  refuses(/takes 18446744073709551616 bytes/);
  craft(`{"a":${tensor('F64', [2 ** 31, 2 ** 30, 1], 0, 0)}}`); // 2^61 * 8
  refuses(/takes 18446744073709551616 bytes/);
  craft(`{"a":${tensor('U8', [2 ** 53 - 1, 2 ** 53 - 1, 3], 0, 8)}}`, 8);
  refuses(/takes \d+ bytes, but its data has 8/);
  for (const shape of [
    [-1, -8],
    [0.5, 16],
    [1e300],
    [2 ** 53],
    ['8'],
    8,
    null,
    { length: 1 },
    [[8]],
    new Array(65).fill(1),
  ]) {
    craft(`{"a":${tensor('U8', shape, 0, 8)}}`, 8);
    refuses(/"a": the shape must be/);
  }
});

test('dtypes: unknown, unsupported, missing, named like an inherited property', () => {
  for (const dtype of ['F4', 'float32', '', 'constructor', '__proto__', 'hasOwnProperty']) {
    craft(`{"a":${tensor(dtype, [8], 0, 8)}}`, 8);
    refuses(/"a": dtype ".*" is not supported \(F64, /);
  }
  craft('{"a":{"shape":[8],"data_offsets":[0,8]}}', 8);
  refuses(/"a": no dtype/);
  for (const value of ['1', 'null', '[]', '"x"']) {
    craft(`{"a":${value}}`);
    refuses(/"a": not an object/);
  }
});

test('metadata: not an object, not strings', () => {
  for (const value of ['[]', '1', '"x"']) {
    craft(`{"__metadata__":${value}}`);
    refuses(/__metadata__ is not an object/);
  }
  craft('{"__metadata__":{"n":1}}');
  refuses(/__metadata__ "n" is not a string/);
});

test('names: terminal escapes and line ends are shown escaped, long ones cut, half a surrogate refused', () => {
  craft(`{"\\u001b[2J\\n\\u202e":${tensor('U8', [9], 0, 8)}}`, 8);
  refuses(/tensor "\\u001b\[2J\\n\\u202e": U8/);
  craft(`{"${'x'.repeat(100_000)}":${tensor('U8', [9], 0, 8)}}`, 8);
  refuses(/^.{1,500}$/);
  craft(`{"\\ud800":${tensor('U8', [8], 0, 8)}}`, 8);
  refuses(/not valid Unicode/);
});

test('pickle and friends under this name are refused for what they are', () => {
  writeFileSync(file, '\x80\x02}q\x00.', 'latin1');
  refuses(/is a Python pickle: .* safetensors/);
});

test('a sparse file of 1 TB with a small header is opened and one tensor read, without reading the rest', () => {
  const big = join(dir, 'big.safetensors');
  const size = 2 ** 40;
  const json = `{"huge":${tensor('U8', [size], 0, size)},"tail":${tensor('F32', [1], size, size + 4)}}`;
  const fd = openSync(big, 'w');
  try {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    writeSync(fd, length);
    writeSync(fd, json);
    ftruncateSync(fd, 8 + json.length + size + 4);
  } finally {
    closeSync(fd);
  }
  const { tensors } = readSafetensors(big);
  assert.deepEqual([...readFloats(tensors.get('tail')!)], [0]);
  rmSync(big);
});

test('a file cut after it was opened is an error at the read', () => {
  writeSafetensors(file, [{ name: 'a', dtype: 'F32', shape: [100], bytes: () => new Uint8Array(400) }]);
  const entry = readSafetensors(file).tensors.get('a')!;
  writeFileSync(file, readFileSync(file).subarray(0, -100));
  assert.throws(() => readFloats(entry), { code: 'format', message: /ends 100 bytes early/ });
  refuses(/incomplete/);
});

test('NaN in weights is read, and counted', () => {
  writeSafetensors(file, [
    { name: 'a', dtype: 'BF16', shape: [3], bytes: () => encodeFloats('BF16', new Float32Array([NaN, 1, Infinity])) },
  ]);
  const values = readFloats(readSafetensors(file).tensors.get('a')!);
  assert.deepEqual(values, new Float32Array([NaN, 1, Infinity]));
  assert.equal(countNonFinite(values), 2);
});

test('a write that cannot be right throws and leaves the old file', () => {
  craft('{}');
  const before = readFileSync(file);
  const one = { name: 'a', dtype: 'U8' as DType, shape: [2], bytes: () => new Uint8Array(2) };
  const fails = (tensors: (typeof one)[], message: RegExp) =>
    assert.throws(() => writeSafetensors(file, tensors), { code: 'format', message });
  fails([one, one], /the name "a" is used twice/);
  fails([{ ...one, name: '__metadata__' }], /is used twice/);
  fails([{ ...one, name: '\ud800' }], /not valid Unicode/);
  fails([{ ...one, shape: [-2] }], /not a list of sizes/);
  fails([{ ...one, shape: [2 ** 40, 2 ** 40] }], /larger than any file/);
  fails([{ ...one, bytes: () => new Uint8Array(3) }], /takes 2 bytes, but 3 were given/);
  assert.deepEqual(readFileSync(file), before);
  assert.deepEqual(readdirSync(dir), ['model.safetensors']);
});

const anyTensors = fc.uniqueArray(
  fc.record({
    name: fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
    dtype: fc.constantFrom(...(Object.keys(dtypeSize) as DType[])),
    shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
    seed: fc.nat({ max: 255 }),
  }),
  { selector: ({ name }) => name, maxLength: 8 },
);
const source = ({ name, dtype, shape, seed }: { name: string; dtype: DType; shape: number[]; seed: number }) => ({
  name,
  dtype,
  shape,
  bytes: () => Uint8Array.from({ length: shape.reduce((a, b) => a * b, dtypeSize[dtype]) }, (_, i) => i * 7 + seed),
});

test('what is written is read back: names, dtypes, shapes, bytes, metadata, order, alignment', () => {
  fc.assert(
    fc.property(
      anyTensors,
      fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
      (specs, metadata) => {
        const calls: string[] = [];
        const sources = specs.map(source).map((one) => ({ ...one, bytes: () => (calls.push(one.name), one.bytes()) }));
        writeSafetensors(file, sources, metadata);
        assert.deepEqual(
          calls,
          specs.map(({ name }) => name),
        );
        assert.equal(Number(readFileSync(file).readBigUInt64LE()) % 8, 0);
        const read = readSafetensors(file);
        assert.deepEqual({ ...read.metadata }, { ...metadata });
        assert.equal(read.tensors.size, specs.length);
        for (const spec of specs) {
          const entry = read.tensors.get(spec.name)!;
          assert.deepEqual([entry.dtype, entry.shape], [spec.dtype, spec.shape]);
          assert.deepEqual(readBytes(entry), source(spec).bytes());
        }
      },
    ),
    { numRuns: 200 },
  );
});

const MUTATIONS = 2000;
test('a valid file mutated anywhere is read or refused with one line, and what is read lies inside the file', () => {
  const mutation = fc.oneof(
    fc.record({ kind: fc.constant('flip'), at: fc.nat(), with: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant('cut'), at: fc.nat(), with: fc.constant(0) }),
    fc.record({
      kind: fc.constant('insert'),
      at: fc.nat(),
      with: fc.constantFrom(...Buffer.from('0123456789{}[]",:-.eE\\ \0')),
    }),
    fc.record({ kind: fc.constant('double'), at: fc.nat(), with: fc.nat({ max: 100 }) }),
  );
  const valid = fc.sample(anyTensors, { numRuns: 40, seed: 1 }).map((specs) => {
    writeSafetensors(file, specs.map(source), { format: 'pt' });
    return readFileSync(file);
  });
  let refused = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...valid),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      (original, mutations) => {
        let bytes = Buffer.from(original);
        for (const { kind, at, with: value } of mutations) {
          const i = at % (Math.min(bytes.length, 400) + 1); // most of them in the header, where there is something to break
          if (kind === 'flip' && i < bytes.length) bytes[i]! ^= value;
          if (kind === 'cut') bytes = bytes.subarray(0, i);
          if (kind === 'insert') bytes = Buffer.concat([bytes.subarray(0, i), Buffer.from([value]), bytes.subarray(i)]);
          if (kind === 'double')
            bytes = Buffer.concat([bytes.subarray(0, i), bytes.subarray(i, i + value), bytes.subarray(i)]);
        }
        writeFileSync(file, bytes);
        try {
          for (const entry of readSafetensors(file).tensors.values()) {
            assert.ok(entry.offset >= 8 && entry.offset + entry.length <= bytes.length);
            assert.equal(readBytes(entry).length, entry.length);
          }
        } catch (error) {
          assert.ok(error instanceof VeraError && error.code === 'format', String(error));
          assert.doesNotMatch(error.message, /\n/);
          refused++;
        }
      },
    ),
    { numRuns: MUTATIONS },
  );
  counted('safetensors files changed or cut at random', MUTATIONS);
  assert.ok(refused > 500, `only ${refused} were refused: the mutations miss the header`);
  assert.ok(existsSync(file));
});
