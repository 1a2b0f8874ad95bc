import { createHash } from 'node:crypto';

/**
 * A small seeded generator (sfc32). Its state is the sha256 of the given words, so that similar seeds give unrelated streams and
 * the same words give the same stream on every machine.
 */
export function seededRandom(...words: (string | number)[]): () => number {
  const digest = createHash('sha256').update(words.join('\0')).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = digest.readInt32LE(12);
  return () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
}

/** Fisher-Yates over a copy of `values`: the same words give the same order. */
export const shuffled = (values: Uint32Array, ...words: (string | number)[]): Uint32Array =>
  shuffle(Uint32Array.from(values), seededRandom(...words));

/** Fisher-Yates in place. -> the same list. */
export function shuffle<L extends Uint32Array | unknown[]>(list: L, random: () => number): L {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const kept = list[i]!;
    list[i] = list[j]!;
    list[j] = kept;
  }
  return list;
}
