/** A piece of a text: is it in the other text too, at about the same place? */
export interface Piece {
  readonly text: string;
  readonly same: boolean;
}

/** Words that are compared: the work grows with their square. Text after them counts as different where it is not equal. */
const MOST_WORDS = 1500;

/** Words with the spaces after them, so that their texts together are the text. */
const wordsOf = (text: string): string[] => text.match(/\s*\S+|\s+$/g) ?? [];

/**
 * The words of `text` that `other` does not have, by the longest common subsequence of words. Neighbours of one kind are one piece.
 * Pure.
 */
export function differences(text: string, other: string): Piece[] {
  const [mine, theirs] = [wordsOf(text), wordsOf(other)];
  const [a, b] = [mine.slice(0, MOST_WORDS), theirs.slice(0, MOST_WORDS)];
  const width = b.length + 1;
  // lengths[i * width + j]: words that a from i and b from j have in common.
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        a[i]!.trim() === b[j]!.trim()
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
  const pieces: Piece[] = [];
  const add = (word: string, same: boolean): void => {
    const last = pieces.at(-1);
    if (last?.same === same) pieces[pieces.length - 1] = { text: last.text + word, same };
    else pieces.push({ text: word, same });
  };
  for (let i = 0, j = 0; i < a.length;) {
    const same = j < b.length && a[i]!.trim() === b[j]!.trim();
    if (same || j >= b.length || lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) {
      add(a[i++]!, same);
      if (same) j++;
    } else j++;
  }
  const rest = mine.slice(MOST_WORDS).join('');
  if (rest !== '') add(rest, rest === theirs.slice(MOST_WORDS).join(''));
  return pieces;
}

/** Words of the pieces that differ, and all words. */
export function countWords(pieces: readonly Piece[]): { different: number; all: number } {
  const words = ({ text }: Piece): number => text.split(/\s+/).filter((word) => word !== '').length;
  const sum = (some: readonly Piece[]): number => some.reduce((total, piece) => total + words(piece), 0);
  return { different: sum(pieces.filter(({ same }) => !same)), all: sum(pieces) };
}
