import { createHash } from 'node:crypto';

/** Uniform numbers in [-bound, bound) that depend on the seed text alone. */
export function seededUniform(seed: string, count: number, bound: number): Float32Array {
  const out = new Float32Array(count);
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  for (let i = 0; i < count; i++) {
    // mulberry32: a small generator whose whole state is one 32-bit number.
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    out[i] = (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * 2 * bound - bound;
  }
  return out;
}
