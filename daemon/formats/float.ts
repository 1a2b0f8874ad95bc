import { VeraError } from '../protocol/errors.ts';
import type { DType } from './dtype.ts';

/**
 * Float conversion between a tensor's stored bytes (little-endian, as in every format read here) and float32.
 * All machines that this product runs on are little-endian, so typed arrays can view the bytes as they are.
 */

/** Little-endian F64, F32, F16 or BF16 bytes -> float32. Aligned F32 is viewed, not copied. */
export function decodeFloats(dtype: DType, bytes: Uint8Array): Float32Array {
  switch (dtype) {
    case 'F32':
      return new Float32Array(...aligned(bytes, 4));
    case 'F64':
      return new Float32Array(new Float64Array(...aligned(bytes, 8)));
    case 'BF16': {
      const halves = new Uint16Array(...aligned(bytes, 2));
      const words = new Uint32Array(halves.length);
      for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
      return new Float32Array(words.buffer);
    }
    case 'F16': {
      const halves = new Uint16Array(...aligned(bytes, 2));
      const words = new Uint32Array(halves.length);
      const table = (halfTable ??= makeHalfTable());
      for (let i = 0; i < halves.length; i++) words[i] = table[halves[i]!]!;
      return new Float32Array(words.buffer);
    }
    default:
      throw notFloats(dtype);
  }
}

/** float32 -> little-endian bytes, rounded to nearest even. Values that are too large become infinity, NaN stays NaN. F32 is viewed, not copied. */
export function encodeFloats(dtype: DType, values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  switch (dtype) {
    case 'F32':
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    case 'F64':
      return new Uint8Array(new Float64Array(values).buffer);
    case 'BF16': {
      const halves = new Uint16Array(bits.length);
      for (let i = 0; i < bits.length; i++) {
        const x = bits[i]!;
        // A NaN with a payload only in the low half would become infinity, so the quiet bit is set.
        halves[i] = (x & 0x7fffffff) > 0x7f800000 ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
      }
      return new Uint8Array(halves.buffer);
    }
    case 'F16': {
      const halves = new Uint16Array(bits.length);
      for (let i = 0; i < bits.length; i++) halves[i] = toHalf(bits[i]!, values[i]!);
      return new Uint8Array(halves.buffer);
    }
    default:
      throw notFloats(dtype);
  }
}

/** How many of the values are NaN or infinite. Such weights are read as they are, and the caller reports them. */
export function countNonFinite(values: Float32Array): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let count = 0;
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & 0x7f800000) === 0x7f800000) count++;
  return count;
}

const notFloats = (dtype: DType) =>
  new VeraError('format', `${dtype} is not a floating-point type (F64, F32, F16 and BF16 are)`);

/** The arguments of a typed array over these bytes. Unaligned bytes are copied first. */
function aligned(bytes: Uint8Array, size: number): [ArrayBufferLike, number, number] {
  if (bytes.length % size !== 0)
    throw new VeraError('format', `${bytes.length} bytes are not a whole number of ${size}-byte values`);
  const at = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return [at.buffer, at.byteOffset, bytes.length / size];
}

let halfTable: Uint32Array | undefined;

/** The float32 bits of each of the 65,536 halves. */
function makeHalfTable(): Uint32Array {
  const values = new Float32Array(65536);
  const table = new Uint32Array(values.buffer);
  for (let half = 0; half < 65536; half++) {
    const exponent = (half >>> 10) & 31;
    const fraction = half & 0x3ff;
    if (exponent === 31) table[half] = ((half & 0x8000) << 16) | 0x7f800000 | (fraction << 13);
    else
      values[half] =
        (half & 0x8000 ? -1 : 1) * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
  }
  return table;
}

function toHalf(bits: number, value: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00 | ((size >>> 13) & 0x1ff); // NaN
  if (size >= 0x477ff000) return sign | 0x7c00; // 65520 and more round to infinity
  if (size >= 0x38800000) {
    const rebased = size - 0x38000000; // exponent bias 127 -> 15
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  // Below 2^-14 a half counts in 2^-24, which is the last place of float32 at 0.5: adding 0.5 rounds to it.
  return sign | ((Math.fround(Math.abs(value) + 0.5) - 0.5) * 2 ** 24);
}
