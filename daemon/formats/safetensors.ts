import { VeraError } from '../protocol/errors.ts';
import { writeFully, writeStreamAtomic } from './atomic.ts';
import { type DType, dtypeSize } from './dtype.ts';
import { decodeFloats } from './float.ts';
import { refuseForeign } from './foreign.ts';
import { isObject, parseJsonObject } from './json.ts';
import { quote } from './quote.ts';
import { decodeUtf8, readExactly, withFile } from './read.ts';

/**
 * The safetensors format: u64 little-endian length N, N bytes of JSON {name: {dtype, shape, data_offsets: [begin, end]},
 * __metadata__: {string: string}}, then the data, which the tensors cover without holes or overlaps.
 */

/** The place of a tensor: `offset` is absolute in `file`; `offset` and `length` are in bytes. */
export interface TensorEntry {
  name: string;
  dtype: DType;
  shape: readonly number[];
  file: string;
  offset: number;
  length: number;
}

export interface SafetensorsFile {
  tensors: Map<string, TensorEntry>;
  metadata: Record<string, string>;
}

/** A tensor to write. `bytes` is called once per tensor, in order, so that only one tensor is in memory at a time. */
export interface TensorSource {
  name: string;
  dtype: DType;
  shape: readonly number[];
  bytes: () => Uint8Array;
}

const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000; // the format's own limit; a length in a file must not decide an allocation (CWE-770)
const MAX_DIMENSIONS = 64; // as many as PyTorch allows; keeps a product of dimensions short
const ALIGNMENT = 8; // the data begins at a multiple of the largest element, so that it can be mapped

/**
 * Reads and checks the header, but no tensor data. Tensors are in the order of their data in the file.
 * Throws VeraError 'format' (what is wrong, in which file and tensor) or 'io'. NaN in the data is allowed.
 */
export function readSafetensors(file: string): SafetensorsFile {
  refuseForeign(file);
  return withFile(file, (fd, size) => {
    const fail = (message: string): never => {
      throw new VeraError('format', `${quote(file)}: ${message}`);
    };
    if (size < LENGTH_BYTES) fail(`${size} bytes is too short for a safetensors file`);
    const stated = new DataView(readExactly(fd, file, 0, LENGTH_BYTES).buffer).getBigUint64(0, true);
    if (stated > BigInt(MAX_HEADER_BYTES))
      fail(
        `the header has ${stated} bytes, but only ${MAX_HEADER_BYTES} are allowed; the file is not safetensors, or is damaged`,
      );
    const headerBytes = Number(stated);
    const start = LENGTH_BYTES + headerBytes;
    if (start > size)
      fail(`the header says ${headerBytes} bytes, but the file has ${size}; it is incomplete, download it again`);
    const header = readExactly(fd, file, LENGTH_BYTES, headerBytes);
    if (header[0] !== 0x7b) fail('the header does not begin with "{"; the file is not safetensors, or is damaged');
    const json = parseJsonObject(decodeUtf8(header, `${quote(file)}: header`), `${quote(file)}: header`);

    const metadata = readMetadata(json['__metadata__'], fail);
    const entries: TensorEntry[] = [];
    for (const [name, value] of Object.entries(json)) {
      if (name !== '__metadata__') entries.push(readEntry(name, value, file, start, size, fail));
    }
    return { tensors: inOrder(entries, start, size, fail), metadata };
  });
}

function readMetadata(value: unknown, fail: (message: string) => never): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) return fail('__metadata__ is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') fail(`__metadata__ ${quote(key)} is not a string`);
  }
  return value as Record<string, string>;
}

function readEntry(
  name: string,
  value: unknown,
  file: string,
  start: number,
  size: number,
  fail: (message: string) => never,
): TensorEntry {
  const tensor = `tensor ${quote(name)}`;
  if (!name.isWellFormed()) fail(`${tensor}: the name is not valid Unicode`);
  if (!isObject(value)) return fail(`${tensor}: not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') return fail(`${tensor}: no dtype`);
  if (!isDType(dtype))
    return fail(`${tensor}: dtype ${quote(dtype)} is not supported (${Object.keys(dtypeSize).join(', ')})`);
  if (!isCounts(shape) || shape.length > MAX_DIMENSIONS) {
    return fail(`${tensor}: the shape must be a list of at most ${MAX_DIMENSIONS} numbers from 0 to 2^53`);
  }
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`${tensor}: data_offsets must be two numbers from 0 to 2^53`);
  const [begin, end] = offsets as [number, number];
  if (begin > end) fail(`${tensor}: its data ends (${end}) before it begins (${begin})`);
  if (end > size - start)
    fail(
      `${tensor}: its data ends at byte ${end}, but the file has ${size - start}; it is incomplete, download it again`,
    );
  // As BigInt, because a product of dimensions of 2^32 and more could wrap round to a small number.
  const expected = shape.reduce((product, dimension) => product * BigInt(dimension), BigInt(dtypeSize[dtype]));
  if (expected !== BigInt(end - begin))
    fail(`${tensor}: ${dtype} [${shape.join(', ')}] takes ${expected} bytes, but its data has ${end - begin}`);
  return { name, dtype, shape, file, offset: start + begin, length: end - begin };
}

/** The tensors in file order. Holes could hide data, and overlaps let two tensors share it, so both are refused. */
function inOrder(
  entries: TensorEntry[],
  start: number,
  size: number,
  fail: (message: string) => never,
): Map<string, TensorEntry> {
  entries.sort((one, two) => one.offset - two.offset || one.length - two.length);
  let next = start;
  for (const { name, offset, length } of entries) {
    if (offset < next) fail(`tensor ${quote(name)}: overlaps the tensor before it by ${next - offset} bytes`);
    if (offset > next) fail(`tensor ${quote(name)}: ${offset - next} bytes before it belong to no tensor`);
    next = offset + length;
  }
  if (next !== size) fail(`the last ${size - next} bytes belong to no tensor`);
  return new Map(entries.map((entry) => [entry.name, entry]));
}

const isDType = (name: string): name is DType => Object.hasOwn(dtypeSize, name);
const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);

/** A tensor's bytes as in the file, in a new buffer. */
export function readBytes(entry: TensorEntry): Uint8Array {
  return withFile(entry.file, (fd) => readExactly(fd, entry.file, entry.offset, entry.length));
}

/** A tensor of F64, F32, F16 or BF16 as float32, flat in row-major order. Throws VeraError 'format' for other dtypes. */
export function readFloats(entry: TensorEntry): Float32Array {
  if (!['F64', 'F32', 'F16', 'BF16'].includes(entry.dtype)) {
    throw new VeraError(
      'format',
      `${quote(entry.file)}: tensor ${quote(entry.name)} is ${entry.dtype}, not a floating-point type`,
    );
  }
  return decodeFloats(entry.dtype, readBytes(entry));
}

type TensorShape = Pick<TensorSource, 'name' | 'dtype' | 'shape'>;

/** Bytes of the file that writeSafetensors would write. */
export function safetensorsBytes(tensors: readonly TensorShape[], metadata?: Record<string, string>): number {
  const { head, lengths } = layout('the file', tensors, metadata);
  return head.length + lengths.reduce((sum, length) => sum + length, 0);
}

/** Writes the tensors in the given order; the file is whole or absent. transformers wants metadata {format: 'pt'}. */
export function writeSafetensors(file: string, tensors: TensorSource[], metadata?: Record<string, string>): void {
  const { head, lengths } = layout(file, tensors, metadata);
  writeStreamAtomic(file, (fd) => {
    writeFully(fd, head);
    tensors.forEach(({ name, bytes }, i) => {
      const data = bytes();
      if (data.length !== lengths[i])
        throw refusal(file, `tensor ${quote(name)} takes ${lengths[i]} bytes, but ${data.length} were given`);
      writeFully(fd, data);
    });
  });
}

const refusal = (file: string, message: string) => new VeraError('format', `cannot write ${quote(file)}: ${message}`);

/** The bytes before the data, and the length of each tensor's data. */
function layout(
  file: string,
  tensors: readonly TensorShape[],
  metadata?: Record<string, string>,
): { head: Buffer; lengths: number[] } {
  const lengths: number[] = [];
  const parts: string[] = metadata === undefined ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  const names = new Set<string>(['__metadata__']);
  let next = 0;
  for (const { name, dtype, shape } of tensors) {
    if (names.has(name)) throw refusal(file, `the name ${quote(name)} is used twice`);
    if (!name.isWellFormed()) throw refusal(file, `the name ${quote(name)} is not valid Unicode`);
    if (!isCounts(shape))
      throw refusal(file, `tensor ${quote(name)}: the shape [${String(shape)}] is not a list of sizes`);
    names.add(name);
    const length = shape.reduce((product, dimension) => product * dimension, dtypeSize[dtype]);
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [next, next + length] })}`);
    lengths.push(length);
    next += length;
  }
  if (!Number.isSafeInteger(next)) throw refusal(file, 'the tensors together are larger than any file');
  const json = Buffer.from(`{${parts.join(',')}}`, 'utf8');
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  if (headerBytes > MAX_HEADER_BYTES)
    throw refusal(file, `the header would have ${headerBytes} bytes, but only ${MAX_HEADER_BYTES} are allowed`);
  const head = Buffer.alloc(LENGTH_BYTES + headerBytes, ' ');
  head.writeBigUInt64LE(BigInt(headerBytes));
  json.copy(head, LENGTH_BYTES);
  return { head, lengths };
}
