import { createHash } from 'node:crypto';

// A rewritten piece must fit the training window, or its middle would be cut off from its prefix and suffix.
const PIECE_CHARACTERS = 1500;
const MIN_PIECE = 100;

/** A reproducible stream of numbers in [0, 1) from a text key (mulberry32 seeded with the key's SHA-256). */
export function random(key: string): () => number {
  let state = createHash('sha256').update(key).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Cuts a text at line ends into pieces of at most about 1,500 characters. */
function pieces(text: string): string[] {
  const result: string[] = [];
  let piece = '';
  for (const line of text.split(/(?<=\n)/)) {
    if (piece.length + line.length > PIECE_CHARACTERS && piece.length >= MIN_PIECE) {
      result.push(piece);
      piece = '';
    }
    piece += line;
  }
  if (piece.length > 0) result.push(piece);
  return result;
}

/** Where the middle begins and ends: half of the time any span, half of the time a span up to the end of a line near by, as in a completion. */
function span(text: string, next: () => number): [number, number] {
  const at = Math.floor(next() * text.length);
  if (next() < 0.5) {
    const other = Math.floor(next() * text.length);
    return [Math.min(at, other), Math.max(at, other)];
  }
  let end = at;
  for (let lines = 1 + Math.floor(next() * 3); lines > 0; lines -= 1) {
    const newline = text.indexOf('\n', end + 1);
    if (newline < 0) return [at, text.length];
    end = newline;
  }
  return [at, end];
}

/**
 * A document rewritten for fill-in-the-middle, piece by piece, at character level (arXiv 2207.14255): half in the order prefix,
 * suffix, middle, half in the order suffix, prefix, middle with the same markers (its section 3).
 */
export function fimDocuments(text: string, next: () => number): string[] {
  return pieces(text).map((piece) => {
    if (piece.length < MIN_PIECE) return piece;
    const [start, end] = span(piece, next);
    const [prefix, middle, suffix] = [piece.slice(0, start), piece.slice(start, end), piece.slice(end)];
    return next() < 0.5
      ? `<|fim_prefix|>${prefix}<|fim_suffix|>${suffix}<|fim_middle|>${middle}`
      : `<|fim_prefix|><|fim_suffix|>${suffix}<|fim_middle|>${prefix}${middle}`;
  });
}
