import { VeraError } from '../../protocol/errors.ts';
import { quote } from '../quote.ts';
import { decodeUtf8, withFile } from '../read.ts';
import { cursorOver, type Cursor } from './cursor.ts';
import { SUPPORTED_TYPES, supportedTypeNames, typeName, type TensorType } from './types.ts';

// Limits on what a file can make us allocate or loop over (CWE-770, CWE-789).
export const MAX_KEYS = 100_000;
const MAX_TENSORS = 100_000;
export const MAX_STRING_BYTES = 10_000_000; // chat templates and vocabularies are far smaller
export const MAX_ARRAY_ELEMENTS = 1_000_000; // the largest vocabularies have 256,000 tokens and about 600,000 merges
export const MAX_DIMENSIONS = 8;
const MAX_NAME_BYTES = 65_535; // gguf.md: keys are at most 2^16 - 1 bytes
const MAX_HEADER_BYTES = 128_000_000; // with 256,000 tokens and their merges a header has about 30 MB
const MAX_ALIGNMENT = 1 << 20;

export type GgufScalar = number | bigint | boolean | string;
export type GgufValue = GgufScalar | GgufScalar[];

export interface GgufTensor {
  name: string;
  type: TensorType;
  /** In the order of the file: the fastest-varying dimension first, so a [out, in] matrix has [in, out]. */
  dimensions: number[];
  elements: number;
  /** Absolute byte offset in the file. */
  offset: number;
  /** Bytes. */
  length: number;
}

export interface GgufHeader {
  path: string;
  /** The path as errors show it. */
  where: string;
  version: number;
  alignment: number;
  metadata: Map<string, GgufValue>;
  tensors: Map<string, GgufTensor>;
}

const MAGIC = 0x46554747; // 'GGUF', little-endian
const ARRAY = 9;
const STRING = 8;

/**
 * Reads and checks the header of a GGUF file (versions 2 and 3, little-endian): metadata and tensor table, no weights.
 * Throws VeraError('format'), which names the field, for anything that breaks the format or a limit above. Format: ggml's gguf.md.
 */
export function readHeader(path: string): GgufHeader {
  return withFile(path, (fd, size) => parse(path, cursorOver(fd, path, size), array));
}

/**
 * As `readHeader`, but lists keep only their length: their places are empty. The vocabulary is most of a header, so this takes
 * milliseconds where many files are listed.
 */
export function readHeaderWithoutLists(path: string): GgufHeader {
  return withFile(path, (fd, size) => parse(path, cursorOver(fd, path, size), skippedArray));
}

function parse(path: string, reader: Cursor, list: (reader: Cursor, key: string) => GgufScalar[]): GgufHeader {
  const where = reader.where;
  if (reader.size < 24) throw new VeraError('format', `${where}: ${reader.size} bytes are too few for a GGUF file`);
  if (reader.take(4, 'the magic number').getUint32(0, true) !== MAGIC) {
    throw new VeraError('format', `${where}: is not a GGUF file (it does not begin with "GGUF")`);
  }
  const version = reader.take(4, 'the version').getUint32(0, true);
  if (version !== 0 && (version & 0xffff) === 0) {
    throw new VeraError('format', `${where}: is a big-endian GGUF file; convert it to little-endian first`);
  }
  if (version !== 2 && version !== 3) {
    throw new VeraError('format', `${where}: GGUF version ${version} is not supported; versions 2 and 3 are`);
  }
  const tensorCount = count(reader, 'the number of tensors', MAX_TENSORS);
  const keyCount = count(reader, 'the number of metadata keys', MAX_KEYS);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = text(reader, `the name of metadata key ${i + 1} of ${keyCount}`, MAX_NAME_BYTES);
    if (metadata.has(key)) throw new VeraError('format', `${where}: metadata key ${quote(key)} appears twice`);
    const type = reader.take(4, `the type of ${quote(key)}`).getUint32(0, true);
    metadata.set(key, type === ARRAY ? list(reader, key) : scalar(reader, type, quote(key)));
  }
  const alignment = readAlignment(where, metadata);
  const entries: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) entries.push(tensor(reader, alignment, i, tensorCount));
  const dataStart = Math.ceil(reader.position() / alignment) * alignment;
  return { path, where, version, alignment, metadata, tensors: place(reader, entries, dataStart) };
}

function count(reader: Cursor, what: string, limit: number): number {
  const value = reader.take(8, what).getBigUint64(0, true);
  if (value > BigInt(limit)) {
    throw new VeraError(
      'format',
      `${reader.where}: ${what} is ${value}, over the limit of ${limit}; the file is damaged`,
    );
  }
  return Number(value);
}

/** Called after everything whose length has no limit of its own. */
function bounded(reader: Cursor): void {
  if (reader.position() > MAX_HEADER_BYTES) {
    throw new VeraError('format', `${reader.where}: the header is longer than ${MAX_HEADER_BYTES} bytes`);
  }
}

function textLength(reader: Cursor, what: string, limit: number): number {
  const length = reader.take(8, what).getBigUint64(0, true);
  if (length > BigInt(limit)) {
    throw new VeraError('format', `${reader.where}: ${what} has ${length} bytes, over the limit of ${limit}`);
  }
  return Number(length);
}

function text(reader: Cursor, what: string, limit = MAX_STRING_BYTES): string {
  const view = reader.take(textLength(reader, what, limit), what);
  bounded(reader);
  return decodeUtf8(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), `${reader.where}: ${what}`);
}

/** Bytes and decoder of each fixed-size value type, by its number in the file. */
const FIXED: Readonly<
  Record<number, { bytes: number; read: (view: DataView) => number | bigint | boolean | undefined }>
> = {
  0: { bytes: 1, read: (v) => v.getUint8(0) },
  1: { bytes: 1, read: (v) => v.getInt8(0) },
  2: { bytes: 2, read: (v) => v.getUint16(0, true) },
  3: { bytes: 2, read: (v) => v.getInt16(0, true) },
  4: { bytes: 4, read: (v) => v.getUint32(0, true) },
  5: { bytes: 4, read: (v) => v.getInt32(0, true) },
  6: { bytes: 4, read: (v) => v.getFloat32(0, true) },
  7: { bytes: 1, read: (v) => (v.getUint8(0) > 1 ? undefined : v.getUint8(0) === 1) },
  10: { bytes: 8, read: (v) => v.getBigUint64(0, true) },
  11: { bytes: 8, read: (v) => v.getBigInt64(0, true) },
  12: { bytes: 8, read: (v) => v.getFloat64(0, true) },
};

function scalar(reader: Cursor, type: number, what: string): GgufScalar {
  if (type === STRING) return text(reader, what);
  const fixed = FIXED[type];
  if (fixed === undefined) {
    throw new VeraError('format', `${reader.where}: ${what} has the value type ${type}, which GGUF does not define`);
  }
  const value = fixed.read(reader.take(fixed.bytes, what));
  if (value === undefined)
    throw new VeraError('format', `${reader.where}: ${what} is a boolean that is neither 0 nor 1`);
  return value;
}

/** The type and the number of an array's elements. */
function arrayStart(reader: Cursor, what: string): { type: number; length: number } {
  const type = reader.take(4, what).getUint32(0, true);
  if (type === ARRAY)
    throw new VeraError('format', `${reader.where}: ${what} is an array of arrays, which is not supported`);
  return { type, length: count(reader, `the length of ${what}`, MAX_ARRAY_ELEMENTS) };
}

function array(reader: Cursor, key: string): GgufScalar[] {
  const what = quote(key);
  const { type, length } = arrayStart(reader, what);
  const values: GgufScalar[] = [];
  for (let i = 0; i < length; i++) values.push(scalar(reader, type, what));
  return values;
}

/** An array of the same length with empty places. Its bytes are passed over. */
function skippedArray(reader: Cursor, key: string): GgufScalar[] {
  const what = quote(key);
  const { type, length } = arrayStart(reader, what);
  if (type === STRING) for (let i = 0; i < length; i++) skipText(reader, what);
  else if (length > 0) {
    scalar(reader, type, what);
    reader.take((length - 1) * FIXED[type]!.bytes, what);
  }
  return new Array<GgufScalar>(length);
}

function skipText(reader: Cursor, what: string): void {
  reader.take(textLength(reader, what, MAX_STRING_BYTES), what);
  bounded(reader);
}

function readAlignment(where: string, metadata: Map<string, GgufValue>): number {
  const value = metadata.get('general.alignment') ?? 32;
  if (typeof value !== 'number' || value < 8 || value > MAX_ALIGNMENT || !Number.isInteger(Math.log2(value))) {
    throw new VeraError(
      'format',
      `${where}: general.alignment is ${String(value)}; it must be a power of two from 8 to ${MAX_ALIGNMENT}`,
    );
  }
  return value;
}

/** One row of the tensor table; its offset is still relative to the start of the data. */
function tensor(reader: Cursor, alignment: number, index: number, total: number): GgufTensor {
  const where = reader.where;
  const name = text(reader, `the name of tensor ${index + 1} of ${total}`, MAX_NAME_BYTES);
  const what = `tensor ${quote(name)}`;
  const rank = reader.take(4, `the number of dimensions of ${what}`).getUint32(0, true);
  if (rank > MAX_DIMENSIONS) {
    throw new VeraError('format', `${where}: ${what} has ${rank} dimensions, over the limit of ${MAX_DIMENSIONS}`);
  }
  let elements = 1n;
  const dimensions: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const size = reader.take(8, `dimension ${axis} of ${what}`).getBigUint64(0, true);
    elements *= size;
    if (size === 0n || elements > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new VeraError('format', `${where}: ${what} has the impossible size ${size} in dimension ${axis}`);
    }
    dimensions.push(Number(size));
  }
  const id = reader.take(4, `the type of ${what}`).getUint32(0, true);
  const type = SUPPORTED_TYPES.get(id);
  if (type === undefined) {
    throw new VeraError(
      'format',
      `${where}: ${what} is stored as ${typeName(id)}, which is not supported; use a file in one of ${supportedTypeNames()}`,
    );
  }
  const offset = reader.take(8, `the offset of ${what}`).getBigUint64(0, true);
  if (offset % BigInt(alignment) !== 0n) {
    throw new VeraError(
      'format',
      `${where}: the offset ${offset} of ${what} is not a multiple of the alignment ${alignment}`,
    );
  }
  const perRow = dimensions[0] ?? 1;
  if (perRow % type.blockElements !== 0) {
    throw new VeraError(
      'format',
      `${where}: ${what} has rows of ${perRow} elements, not a multiple of the ${type.blockElements} in a ${type.name} block`,
    );
  }
  const length = (elements / BigInt(type.blockElements)) * BigInt(type.blockBytes);
  if (offset + length > BigInt(reader.size)) {
    throw new VeraError(
      'format',
      `${where}: ${what} needs ${length} bytes at offset ${offset}, past the end of the file (${reader.size} bytes); ` +
        'the file is cut short or damaged',
    );
  }
  return { name, type, dimensions, elements: Number(elements), offset: Number(offset), length: Number(length) };
}

/** Turns relative offsets into absolute ones. Refuses tensors past the end, repeated names, and overlaps. */
function place(reader: Cursor, entries: GgufTensor[], dataStart: number): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (const entry of entries) {
    entry.offset += dataStart;
    if (entry.offset + entry.length > reader.size) {
      throw new VeraError(
        'format',
        `${reader.where}: tensor ${quote(entry.name)} ends at byte ${entry.offset + entry.length}, past the end of the file ` +
          `(${reader.size} bytes); the file is incomplete or damaged`,
      );
    }
    if (tensors.has(entry.name)) {
      throw new VeraError('format', `${reader.where}: tensor ${quote(entry.name)} appears twice`);
    }
    tensors.set(entry.name, entry);
  }
  const ordered = [...entries].sort((a, b) => a.offset - b.offset);
  for (const [i, entry] of ordered.entries()) {
    const next = ordered[i + 1];
    if (next !== undefined && entry.offset + entry.length > next.offset) {
      throw new VeraError('format', `${reader.where}: tensors ${quote(entry.name)} and ${quote(next.name)} overlap`);
    }
  }
  return tensors;
}
