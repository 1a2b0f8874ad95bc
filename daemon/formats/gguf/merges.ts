import { VeraError } from '../../protocol/errors.ts';
import { quote } from '../quote.ts';

export type Merge = [string, string];

/**
 * The merges of a byte-level vocabulary, from lines of two tokens with a space between them.
 * Throws VeraError('model') for a line that is not two tokens of the vocabulary, or whose result is not a token.
 */
export function parseMerges(where: string, lines: string[], has: (token: string) => boolean): Merge[] {
  return lines.map((line, i) => {
    const space = line.indexOf(' ', 1); // a token may itself begin with a space
    const left = line.slice(0, space);
    const right = line.slice(space + 1);
    if (space < 1 || right === '' || !has(left) || !has(right) || !has(left + right)) {
      throw new VeraError(
        'model',
        `${where}: merge ${i + 1} in tokenizer.ggml.merges, ${quote(line)}, does not name two tokens that join to a third`,
      );
    }
    return [left, right];
  });
}

// Cutting a token at every place takes quadratic time in its length; 256,000 real tokens need about 2 * 10^7 steps (CWE-407).
const MAX_WORK = 100_000_000;
const MAX_MERGES = 4_000_000;

/**
 * The merges that a SentencePiece BPE vocabulary implies: each token from every pair of tokens it can be cut into.
 * The best score comes first; then the longer left part, then the longer right one; then the cut with the smaller ids,
 * as the converter of `transformers` orders them. `pieces` must not contain tokens that merging
 * must never produce.
 */
export function impliedMerges(where: string, pieces: Map<string, { id: number; score: number }>): Merge[] {
  const found: { pair: Merge; score: number; left: number; right: number; ids: [number, number] }[] = [];
  let work = 0;
  for (const [token, { score }] of pieces) {
    work += token.length ** 2;
    if (work > MAX_WORK || found.length > MAX_MERGES) {
      throw new VeraError(
        'model',
        `${where}: the tokens in tokenizer.ggml.tokens are too long for a vocabulary of this kind`,
      );
    }
    const characters = Array.from(token);
    let left = '';
    for (let cut = 1; cut < characters.length; cut++) {
      left += characters[cut - 1] ?? '';
      const right = token.slice(left.length);
      const a = pieces.get(left);
      const b = pieces.get(right);
      if (a !== undefined && b !== undefined) {
        found.push({ pair: [left, right], score, left: cut, right: characters.length - cut, ids: [a.id, b.id] });
      }
    }
  }
  const order = new Map([...pieces.keys()].map((token, i) => [token, i]));
  const tokenOrder = (pair: Merge): number => order.get(pair[0] + pair[1]) ?? 0;
  found.sort(
    (x, y) =>
      y.score - x.score ||
      y.left - x.left ||
      y.right - x.right ||
      tokenOrder(x.pair) - tokenOrder(y.pair) ||
      x.ids[0] - y.ids[0] ||
      x.ids[1] - y.ids[1],
  );
  return found.map((merge) => merge.pair);
}
