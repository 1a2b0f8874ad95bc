import { alike } from '../../daemon/protocol/alike.ts';

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
  const trimmed = (words: readonly string[]): string[] => words.map((word) => word.trim());
  const shared = new Set(alike(trimmed(a), trimmed(b)).map(([place]) => place));
  const pieces: Piece[] = [];
  const add = (word: string, same: boolean): void => {
    const last = pieces.at(-1);
    if (last?.same === same) pieces[pieces.length - 1] = { text: last.text + word, same };
    else pieces.push({ text: word, same });
  };
  a.forEach((word, i) => add(word, shared.has(i)));
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
