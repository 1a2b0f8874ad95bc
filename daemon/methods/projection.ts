/**
 * VeRA's frozen random matrices, bit for bit those of HF PEFT: torch's CPU generator (MT19937, Matsumoto and Nishimura
 * 1998) seeded with the projection key fills A and then B, row by row, from a Kaiming-uniform distribution.
 */
import { VeraError } from '../protocol/errors.ts';

export interface Projection {
  rank: number;
  maxIn: number;
  maxOut: number;
  /** [rank, maxIn]; a layer of fewer inputs uses the leading columns */
  a: Float32Array;
  /** [maxOut, rank]; a layer of fewer outputs uses the leading rows */
  b: Float32Array;
}

/** A matrix beyond this is a mistyped size, not a model: 2^31 floats are 8 GiB. */
const MAX_ELEMENTS = 2 ** 31;

/**
 * A and B of a projection key. They depend on all four numbers: `maxIn` and `maxOut` are the largest input and output
 * sizes, taken independently, over the adapted layers. Throws `usage` where a number is not one PEFT would take.
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

/** The 32 bits of a seed that torch's manual_seed keeps: the low ones, of a negative seed in two's complement. */
function torchSeed(key: number): number {
  return Number(BigInt.asUintN(32, BigInt(key)));
}

/** Bound of Kaiming-uniform with gain sqrt(2), in PEFT's order of operations: another order rounds differently. */
function kaimingBound(fanIn: number): number {
  return Math.sqrt(3) * (Math.SQRT2 / Math.sqrt(fanIn));
}

const N = 624;
const M = 397;

/** The twist of one word: the top bit of one and the low 31 of the next, through the matrix A of the paper. */
function twist(high: number, low: number): number {
  const mixed = (high & 0x80000000) | (low & 0x7fffffff);
  return (mixed >>> 1) ^ (-(low & 1) & 0x9908b0df);
}

class MersenneTwister {
  readonly #state = new Int32Array(N);
  #next = N;

  /** init_genrand of the reference implementation. */
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
   * Uniform values in [-bound, bound), as torch's uniform_ makes them: 24 random bits times the width plus the lower end
   * with one rounding. Both factors have 24 bits, so the double below is exact and the store into float32 is that rounding.
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
