/**
 * VeRA's frozen random matrices, bit for bit equal to those of HF PEFT. Torch's CPU generator (MT19937, Matsumoto and
 * Nishimura 1998), seeded with the projection key, fills A and then B, row by row, from a Kaiming-uniform distribution.
 */
import { VeraError } from '../protocol/errors.ts';

export interface Projection {
  rank: number;
  maxIn: number;
  maxOut: number;
  /** [rank, maxIn]. A layer with fewer inputs uses the leading columns. */
  a: Float32Array;
  /** [maxOut, rank]. A layer with fewer outputs uses the leading rows. */
  b: Float32Array;
}

/** No model needs a larger matrix (2^31 floats are 8 GiB); a larger size was mistyped. */
const MAX_ELEMENTS = 2 ** 31;

/**
 * The A and B of a projection key. They depend on all four numbers. `maxIn` and `maxOut` are the largest input size and the
 * largest output size of the adapted layers, which may be those of two layers. Throws `usage` for a number that PEFT refuses.
 */
export function projection(key: number, rank: number, maxIn: number, maxOut: number): Projection {
  if (!Number.isSafeInteger(key)) throw new VeraError('usage', `The projection key must be an integer, not ${key}.`);
  for (const [name, value] of Object.entries({ rank, 'input size': maxIn, 'output size': maxOut })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new VeraError('usage', `The ${name} of a projection must be a positive integer, not ${value}.`);
    }
  }
  if (rank * Math.max(maxIn, maxOut) > MAX_ELEMENTS) {
    throw new VeraError('usage', `A projection of rank ${rank} for ${maxIn} x ${maxOut} is too large; lower the rank.`);
  }
  const random = new MersenneTwister(torchSeed(key));
  const a = new Float32Array(rank * maxIn);
  const b = new Float32Array(maxOut * rank);
  random.fillUniform(a, kaimingBound(maxIn));
  random.fillUniform(b, kaimingBound(rank));
  return { rank, maxIn, maxOut, a, b };
}

/** The 32 bits of a seed that torch's manual_seed keeps: the low ones. A negative seed is in two's complement. */
function torchSeed(key: number): number {
  return Number(BigInt.asUintN(32, BigInt(key)));
}

/** The bound of Kaiming-uniform with gain sqrt(2). The order of operations is PEFT's, since another order rounds differently. */
function kaimingBound(fanIn: number): number {
  return Math.sqrt(3) * (Math.SQRT2 / Math.sqrt(fanIn));
}

const N = 624;
const M = 397;

/** The twist of one word: the top bit of a word and the low 31 bits of the next one, multiplied by the matrix A of the paper. */
function twist(high: number, low: number): number {
  const mixed = (high & 0x80000000) | (low & 0x7fffffff);
  return (mixed >>> 1) ^ (-(low & 1) & 0x9908b0df);
}

class MersenneTwister {
  readonly #state = new Int32Array(N);
  #next = N;

  /** Follows init_genrand of the reference implementation. */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < N; i++) {
      const previous = state[i - 1]!;
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  #refill(): void {
    const s = this.#state;
    for (let i = 0; i < N - M; i++) s[i] = s[i + M]! ^ twist(s[i]!, s[i + 1]!);
    for (let i = N - M; i < N - 1; i++) s[i] = s[i + M - N]! ^ twist(s[i]!, s[i + 1]!);
    s[N - 1] = s[M - 1]! ^ twist(s[N - 1]!, s[0]!);
    this.#next = 0;
  }

  /**
   * Uniform values in [-bound, bound), as torch's uniform_ makes them: 24 random bits times the width, plus the lower end,
   * rounded once. Both factors have 24 bits, so the product below is exact in float64, and storing it as float32 rounds once.
   */
  fillUniform(out: Float32Array, bound: number): void {
    const from = Math.fround(-bound);
    const scale = Math.fround(Math.fround(bound) - from) / 2 ** 24;
    const state = this.#state;
    let next = this.#next;
    for (let i = 0; i < out.length; i++) {
      if (next === N) {
        this.#refill();
        next = 0;
      }
      let y = state[next++]!;
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      y ^= y >>> 18;
      out[i] = (y & 0xffffff) * scale + from;
    }
    this.#next = next;
  }
}
