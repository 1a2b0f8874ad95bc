import { VeraError } from '../../protocol/errors.ts';
import { decodeFloats } from '../float.ts';

/**
 * Decodes whole blocks: `bytes` has n blocks, `out` n * blockElements float32. Layouts: the structs of ggml-common.h.
 * Every product and sum of one element fits a double exactly, so storing it rounds once, as float32 arithmetic does.
 */
export type Dequantise = (bytes: Uint8Array, out: Float32Array) => void;

/** float16 bit pattern -> value. */
const HALF = decodeFloats('F16', new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer));

const half = (bytes: Uint8Array, at: number): number => HALF[bytes[at]! | (bytes[at + 1]! << 8)]!;
const signed = (byte: number): number => (byte << 24) >> 24;

/** Blocks of 32: half d, 16 bytes of two 4-bit values (low nibbles are elements 0-15). y = d (q - 8). */
const q4_0: Dequantise = (bytes, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 18, o += 32) {
    const d = half(bytes, at);
    for (let i = 0; i < 16; i++) {
      const q = bytes[at + 2 + i]!;
      out[o + i] = d * ((q & 15) - 8);
      out[o + 16 + i] = d * ((q >> 4) - 8);
    }
  }
};

/** Blocks of 32: half d, half m, 16 bytes of two 4-bit values. y = d q + m. */
const q4_1: Dequantise = (bytes, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 20, o += 32) {
    const d = half(bytes, at);
    const m = half(bytes, at + 2);
    for (let i = 0; i < 16; i++) {
      const q = bytes[at + 4 + i]!;
      out[o + i] = d * (q & 15) + m;
      out[o + 16 + i] = d * (q >> 4) + m;
    }
  }
};

/** The fifth bit of element i: bit i of the 32-bit word at `at`. */
const fifth = (bytes: Uint8Array, at: number, i: number): number => ((bytes[at + (i >> 3)]! >> (i & 7)) & 1) << 4;

/** Blocks of 32: half d, 4 bytes of fifth bits, 16 bytes of low nibbles. y = d (q - 16). */
const q5_0: Dequantise = (bytes, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 22, o += 32) {
    const d = half(bytes, at);
    for (let i = 0; i < 16; i++) {
      const q = bytes[at + 6 + i]!;
      out[o + i] = d * (((q & 15) | fifth(bytes, at + 2, i)) - 16);
      out[o + 16 + i] = d * (((q >> 4) | fifth(bytes, at + 2, i + 16)) - 16);
    }
  }
};

/** Blocks of 32: half d, half m, 4 bytes of fifth bits, 16 bytes of low nibbles. y = d q + m. */
const q5_1: Dequantise = (bytes, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 24, o += 32) {
    const d = half(bytes, at);
    const m = half(bytes, at + 2);
    for (let i = 0; i < 16; i++) {
      const q = bytes[at + 8 + i]!;
      out[o + i] = d * ((q & 15) | fifth(bytes, at + 4, i)) + m;
      out[o + 16 + i] = d * ((q >> 4) | fifth(bytes, at + 4, i + 16)) + m;
    }
  }
};

/** Blocks of 32: half d, 32 signed bytes. y = d q. */
const q8_0: Dequantise = (bytes, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 34, o += 32) {
    const d = half(bytes, at);
    for (let i = 0; i < 32; i++) out[o + i] = d * signed(bytes[at + 2 + i]!);
  }
};

/** The 6-bit scale of group j (0-7) in the 12 packed bytes at `at`. Those of the upper four groups are split over two places. */
const scaleOf = (bytes: Uint8Array, at: number, j: number): number =>
  j < 4 ? bytes[at + j]! & 63 : (bytes[at + 4 + j]! & 15) | ((bytes[at + j - 4]! >> 6) << 4);
/** The 6-bit minimum of group j, packed beside the scales. */
const minimumOf = (bytes: Uint8Array, at: number, j: number): number =>
  j < 4 ? bytes[at + 4 + j]! & 63 : (bytes[at + 4 + j]! >> 4) | ((bytes[at + j]! >> 6) << 4);

/** Blocks of 256 in 8 groups of 32: half d, half dmin, 12 bytes of scales and minima, 128 bytes of nibbles. y = d s q - dmin m. */
const q4_k: Dequantise = (bytes, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 144, o += 256) {
    const d = half(bytes, at);
    const dmin = half(bytes, at + 2);
    for (let group = 0; group < 8; group++) {
      const scale = d * scaleOf(bytes, at + 4, group);
      const minimum = dmin * minimumOf(bytes, at + 4, group);
      const from = at + 16 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      for (let i = 0; i < 32; i++) out[o + group * 32 + i] = scale * ((bytes[from + i]! >> shift) & 15) - minimum;
    }
  }
};

/** As Q4_K, with 32 bytes of fifth bits (bit `group` of byte i) before the nibbles. */
const q5_k: Dequantise = (bytes, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 176, o += 256) {
    const d = half(bytes, at);
    const dmin = half(bytes, at + 2);
    for (let group = 0; group < 8; group++) {
      const scale = d * scaleOf(bytes, at + 4, group);
      const minimum = dmin * minimumOf(bytes, at + 4, group);
      const from = at + 48 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      for (let i = 0; i < 32; i++) {
        const q = ((bytes[from + i]! >> shift) & 15) | (((bytes[at + 16 + i]! >> group) & 1) << 4);
        out[o + group * 32 + i] = scale * q - minimum;
      }
    }
  }
};

/** Blocks of 256: 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales (one per 16 elements), half d. y = d s (q - 32). */
const q6_k: Dequantise = (bytes, out) => {
  for (let at = 0, o = 0; at < bytes.length; at += 210, o += 256) {
    const d = half(bytes, at + 208);
    for (let i = 0; i < 256; i++) {
      const side = i >> 7; // each half of the block has its own 64 + 32 bytes
      const lane = (i >> 5) & 3;
      const column = i & 31;
      const low = bytes[at + side * 64 + (lane & 1) * 32 + column]! >> ((lane >> 1) * 4);
      const high = bytes[at + 128 + side * 32 + column]! >> (lane * 2);
      const scale = signed(bytes[at + 192 + (i >> 4)]!);
      out[o + i] = d * scale * (((low & 15) | ((high & 3) << 4)) - 32);
    }
  }
};

/** Decoder of each supported encoding, by its ggml name. */
export const DEQUANTISE: Readonly<Record<string, Dequantise>> = {
  F32: (bytes, out) => out.set(decodeFloats('F32', bytes)),
  F16: (bytes, out) => out.set(decodeFloats('F16', bytes)),
  BF16: (bytes, out) => out.set(decodeFloats('BF16', bytes)),
  Q4_0: q4_0,
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q8_0: q8_0,
  Q4_K: q4_k,
  Q5_K: q5_k,
  Q6_K: q6_k,
};

/** The decoder of an encoding. Throws VeraError('format') for one that is not supported. */
export function dequantiser(type: string): Dequantise {
  const decode = Object.hasOwn(DEQUANTISE, type) ? DEQUANTISE[type] : undefined;
  if (decode === undefined) {
    throw new VeraError('format', `${type} is not supported; the encodings are ${Object.keys(DEQUANTISE).join(', ')}`);
  }
  return decode;
}
