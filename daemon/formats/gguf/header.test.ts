import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { counted } from '../../../test/counted.ts';
import { buildGguf, byteLevelKeys, floats, modelKeys, modelTensors, tiny } from '../../../test/fixtures/gguf/build.ts';
import type { BuiltFile, BuiltTensor, Value } from '../../../test/fixtures/gguf/build.ts';
import { VeraError } from '../../protocol/errors.ts';
import {
  MAX_ARRAY_ELEMENTS,
  MAX_DIMENSIONS,
  MAX_KEYS,
  MAX_STRING_BYTES,
  readHeader,
  readHeaderWithoutLists,
} from './header.ts';
import { interpret } from '../../models/gguf/convert.ts';

const folder = mkdtempSync(join(tmpdir(), 'gguf-header-'));
after(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'x.gguf');
const parse = (bytes: Uint8Array) => {
  writeFileSync(file, bytes);
  return readHeader(file);
};

const key = (value: Value, name = 'a.key'): BuiltFile => ({ keys: [[name, value]] });
const weight: BuiltTensor = { name: 'w', dimensions: [4, 2], type: 0, data: floats([1, 2, 3, 4, 5, 6, 7, 8]) };
const withTensor = (changes: Partial<BuiltTensor>): BuiltFile => ({ tensors: [{ ...weight, ...changes }] });
const alignment = (value: number): BuiltFile => key({ type: 'u32', value }, 'general.alignment');

describe('GGUF header', () => {
  it('reads every type of value and the tensor table', () => {
    const header = parse(
      buildGguf({
        version: 2,
        keys: [
          ['u', { type: 'u32', value: 4_000_000_000 }],
          ['i', { type: 'i32', value: -5 }],
          ['f', { type: 'f32', value: 0.5 }],
          ['g', { type: 'f64', value: 0.1 }],
          ['q', { type: 'u64', value: 2n ** 63n }],
          ['b', { type: 'bool', value: true }],
          ['s', { type: 'string', value: '\ufeffhé 🎉' }],
          ['list', { type: 'array', of: 'string', values: ['a', '', 'b'] }],
          ['empty', { type: 'array', of: 'i32', values: [] }],
          ['__proto__', { type: 'string', value: 'a name like any other' }],
        ],
        tensors: [weight, { ...weight, name: 'v', dimensions: [8] }],
      }),
    );
    const { metadata, tensors } = readHeaderWithoutLists(file);
    assert.deepEqual(metadata, new Map<string, unknown>([...header.metadata, ['list', new Array(3)]]));
    assert.deepEqual(tensors, header.tensors);
    assert.deepEqual(
      [...header.metadata.values()],
      [4_000_000_000, -5, 0.5, 0.1, 2n ** 63n, true, '\ufeffhé 🎉', ['a', '', 'b'], [], 'a name like any other'],
    );
    const [w, v] = [...header.tensors.values()];
    assert.deepEqual([w?.name, w?.dimensions, w?.length, w?.type.name], ['w', [4, 2], 32, 'F32']);
    assert.equal(v!.offset - w!.offset, 32);
    assert.equal(w!.offset % 32, 0);
  });

  it('takes alignments that the format allows', () => {
    for (const value of [8, 16, 64, 4096]) {
      const header = parse(
        buildGguf({ ...alignment(value), alignment: value, tensors: [weight, { ...weight, name: 'v' }] }),
      );
      assert.equal(header.alignment, value);
      assert.equal(header.tensors.get('v')!.offset % value, 0);
    }
  });

  const attacks: [string, BuiltFile, RegExp][] = [
    ['another magic number', { magic: 'GGML' }, /not a GGUF file/],
    ['version 1', { version: 1 }, /version 1 is not supported/],
    ['version 0', { version: 0 }, /version 0 is not supported/],
    ['a big-endian file', { version: 0x03000000 }, /big-endian/],
    ['-1 tensors', { tensorCount: -1n }, /number of tensors is 18446744073709551615/],
    ['-1 keys', { keyCount: -1n }, /number of metadata keys is 18446744073709551615/],
    ['one key over the limit', { keyCount: BigInt(MAX_KEYS + 1) }, /over the limit of 100000/],
    ['more keys than the file holds', { keyCount: 99_999n }, /the file ends at byte/],
    ['more tensors than the file holds', { tensorCount: 3n, tensors: [weight] }, /.*/],
    ['alignment 13', alignment(13), /general\.alignment is 13/],
    ['alignment 0', alignment(0), /general\.alignment is 0/],
    ['alignment 24', alignment(24), /power of two/],
    ['alignment 2^31', alignment(2 ** 31), /general\.alignment/],
    ['alignment as text', key({ type: 'string', value: '32' }, 'general.alignment'), /general\.alignment is 32;/],
    ['a string of 2^63 bytes', key({ type: 'string', value: 'x', claimed: 2n ** 63n }), /9223372036854775808 bytes/],
    ['a string of -1 bytes', key({ type: 'string', value: 'x', claimed: -1n }), /over the limit/],
    [
      'a string over the limit',
      key({ type: 'string', value: 'x', claimed: BigInt(MAX_STRING_BYTES) + 1n }),
      /over the limit of 10000000/,
    ],
    ['a string past the end', key({ type: 'string', value: 'x', claimed: 5000n }), /the file ends at byte/],
    ['a string that is not UTF-8', key({ type: 'string', value: Uint8Array.of(0xc3, 0x28) }), /not valid UTF-8/],
    [
      'an array of 2^63 values',
      key({ type: 'array', of: 'u8', values: [], claimed: 2n ** 63n }),
      /over the limit of 1000000/,
    ],
    [
      'an array over the limit',
      key({ type: 'array', of: 'u8', values: [], claimed: BigInt(MAX_ARRAY_ELEMENTS) + 1n }),
      /over the limit/,
    ],
    [
      'an array past the end',
      key({ type: 'array', of: 'f64', values: [], claimed: 1_000_000n }),
      /the file ends at byte/,
    ],
    [
      'an array of arrays',
      key({ type: 'raw', id: 9, bytes: Uint8Array.of(9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0) }),
      /array of arrays/,
    ],
    [
      'an array of an unknown type',
      key({ type: 'raw', id: 9, bytes: Uint8Array.of(99, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0) }),
      /value type 99/,
    ],
    ['an unknown value type', key({ type: 'raw', id: 13, bytes: new Uint8Array(8) }), /value type 13/],
    ['a boolean of 2', key({ type: 'bool', value: 2 }), /neither 0 nor 1/],
    [
      'one key twice',
      {
        keys: [
          ['a', { type: 'u8', value: 1 }],
          ['a', { type: 'u8', value: 2 }],
        ],
      },
      /"a" appears twice/,
    ],
    ['one tensor twice', { tensors: [weight, weight] }, /"w" appears twice/],
    [
      'a dimension of 0x7FFFFFFFFFFFFFC0',
      withTensor({ dimensions: [0x7fffffffffffffc0n] }),
      /impossible size 9223372036854775744/,
    ],
    [
      'dimensions whose product overflows 64 bits',
      withTensor({ dimensions: [2n ** 32n, 2n ** 32n] }),
      /impossible size/,
    ],
    ['four dimensions of 2^16 + 1', withTensor({ dimensions: [65537, 65537, 65537, 65537] }), /impossible size/],
    ['a dimension of 0', withTensor({ dimensions: [4, 0] }), /impossible size 0/],
    ['a dimension of -1', withTensor({ dimensions: [-1n] }), /impossible size 18446744073709551615/],
    ['9 dimensions', withTensor({ rank: MAX_DIMENSIONS + 1 }), /9 dimensions, over the limit of 8/],
    ['2^32 - 1 dimensions', withTensor({ rank: 0xffffffff }), /4294967295 dimensions/],
    ['more elements than the file holds', withTensor({ dimensions: [4, 2000] }), /past the end of the file/],
    ['an offset past the end', withTensor({ offset: 1n << 40n }), /past the end of the file/],
    ['an offset of -32', withTensor({ offset: -32n }), /past the end of the file/],
    ['an offset of 2^63', withTensor({ offset: 2n ** 63n }), /past the end of the file/],
    ['an offset that ends 32 bytes past the end', withTensor({ offset: 32n }), /past the end of the file/],
    ['an offset that is not aligned', withTensor({ offset: 4n }), /not a multiple of the alignment 32/],
    ['overlapping tensors', { tensors: [weight, { ...weight, name: 'v', offset: 0n }] }, /"w" and "v" overlap/],
    ['a type that is not supported', withTensor({ type: 10 }), /"w" is stored as Q2_K/],
    ['a removed type', withTensor({ type: 4 }), /stored as number 4/],
    ['a type of 2^32 - 1', withTensor({ type: 0xffffffff }), /stored as number 4294967295/],
    [
      'rows that are not whole blocks',
      withTensor({ type: 2, dimensions: [16, 2] }),
      /not a multiple of the 32 in a Q4_0 block/,
    ],
    [
      'a name with control characters',
      { tensors: [{ ...weight, name: 'a\n\u001b[31m', offset: 4n }] },
      /"a\\n\\u001b\[31m"/,
    ],
  ];
  it('counts what is tried', () => {
    counted('Malicious GGUF headers', attacks.length);
    counted('GGUF files changed or cut at random', 1400);
  });
  for (const [name, built, message] of attacks) {
    it(`refuses ${name}`, () => {
      const started = performance.now();
      assert.throws(
        () => parse(buildGguf(built)),
        (error) =>
          error instanceof VeraError &&
          error.code === 'format' &&
          message.test(error.message) &&
          !error.message.includes('\n'),
      );
      assert.ok(performance.now() - started < 1000);
    });
  }

  it('refuses a folder, a device, an absent and an empty file', () => {
    for (const path of [folder, '/dev/zero', join(folder, 'absent.gguf')]) {
      assert.throws(
        () => readHeader(path),
        (error) => error instanceof VeraError && error.code === 'io',
      );
    }
    assert.throws(() => parse(new Uint8Array(0)), /too few/);
  });

  it('stops at a header that is too long', () => {
    const path = join(folder, 'long.gguf');
    const head = buildGguf({ keys: [] }).slice(0, 24);
    const long: Uint8Array[] = [];
    const string = (bytes: number): Buffer => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(bytes));
      return Buffer.concat([length, Buffer.alloc(bytes, 0x61)]);
    };
    for (let i = 0; i < 14; i++)
      long.push(Buffer.concat([string(i + 1), Buffer.from([8, 0, 0, 0]), string(MAX_STRING_BYTES)]));
    head[16] = 14;
    writeFileSync(path, Buffer.concat([head, ...long]));
    assert.throws(() => readHeader(path), /header is longer than 128000000 bytes/);
  });

  const model = buildGguf({
    keys: [...modelKeys(tiny), ...byteLevelKeys('smollm', ['a b', 'ab c', 'Ġ t'])],
    tensors: modelTensors(tiny),
  });
  const headerBytes = Buffer.from(model).indexOf('output_norm.weight') + 64;
  /** Everything that a stranger's header passes through before weights are read. */
  const everything = (path: string): void => void interpret(readHeader(path));
  const onlyVeraErrors = (bytes: Uint8Array): void => {
    writeFileSync(file, bytes);
    const started = performance.now();
    try {
      everything(file);
    } catch (error) {
      if (!(error instanceof VeraError)) throw error;
    }
    assert.ok(performance.now() - started < 2000, 'bounded time');
  };

  it('reads the file that the mutations below start from', () => {
    writeFileSync(file, model);
    everything(file);
  });

  it('meets flipped bytes with a VeraError or none (500 inputs)', () => {
    const flips = fc.array(fc.tuple(fc.nat(headerBytes), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(flips, (changes) => {
        const bytes = Uint8Array.from(model);
        for (const [at, value] of changes) bytes[at] = value;
        onlyVeraErrors(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('meets extreme 64-bit numbers anywhere with a VeraError or none (300 inputs)', () => {
    const extreme = fc.constantFrom(
      -1n,
      0n,
      1n,
      2n ** 31n,
      2n ** 32n - 1n,
      2n ** 53n,
      2n ** 63n,
      0x7fffffffffffffc0n,
      1_000_000n,
    );
    fc.assert(
      fc.property(fc.nat(headerBytes), extreme, (at, value) => {
        const bytes = Buffer.from(model);
        bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
        onlyVeraErrors(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it('meets inserted, removed and repeated pieces with a VeraError or none (300 inputs)', () => {
    const edit = fc.record({ at: fc.nat(headerBytes), remove: fc.nat(40), insert: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(edit, ({ at, remove, insert }) => {
        onlyVeraErrors(Buffer.concat([model.subarray(0, at), insert, model.subarray(at + remove)]));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses the file cut at any place (300 places)', () => {
    fc.assert(
      fc.property(fc.nat(model.length - 33), (length) => {
        writeFileSync(file, model);
        truncateSync(file, length);
        assert.throws(() => readHeader(file), VeraError);
      }),
      { numRuns: 300 },
    );
  });
});
