import { seededRandom } from '../data/random.ts';

/**
 * Dropout's noise of one batch: an odd 64-bit number per token. It depends on seed, step and part (the batch within an
 * accumulated step) alone, so that a resumed run draws what an uninterrupted one would. -> [tokens].
 */
export function dropoutNoise(seed: number, step: number, part: number, tokens: number): BigInt64Array {
  const random = seededRandom('dropout', seed, step, part);
  const noise = new BigInt64Array(tokens);
  const words = new Uint32Array(noise.buffer);
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
  for (let i = 0; i < words.length; i += 2) words[i] = (words[i] as number) | 1;
  return noise;
}
