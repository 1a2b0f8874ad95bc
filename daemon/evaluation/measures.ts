/** How well a suggestion fits what a person wrote at that place. Pure. */
import { distance } from 'fastest-levenshtein';

/** What one suggestion achieved. */
export interface Score {
  readonly exact: boolean;
  /** From 0 (nothing in common) to 1 (equal). */
  readonly similarity: number;
  /** Characters of the suggestion that stand in the expected text, in the same order; blanks are not counted. */
  readonly kept: number;
  /** Characters of the suggestion; blanks are not counted. */
  readonly characters: number;
  /** With the suggestion in its place, the test command succeeded; absent where it was not run. */
  readonly passed?: boolean;
}

export function scoreOf(suggestion: string, expected: string): Score {
  const [given, wanted] = [withoutTrailingBlanks(suggestion), withoutTrailingBlanks(expected)];
  return {
    exact: given === wanted,
    similarity: similarity(given, wanted),
    kept: keptCharacters(given, wanted),
    characters: lengthOf(wordsOf(given)),
  };
}

/** Blanks at the ends of lines, and empty lines at the end, are no difference. */
const withoutTrailingBlanks = (text: string): string => text.replace(/[^\S\n]+$/gm, '').trimEnd();

/** One minus the Levenshtein distance as a share of the longer text. */
export function similarity(a: string, b: string): number {
  const longer = Math.max(a.length, b.length);
  return longer === 0 ? 1 : 1 - distance(a, b) / longer;
}

/**
 * Characters of a suggestion that a person would keep while turning it into `text`: those of the words that both have in the same order
 * (their longest common subsequence). A word is a name, a number, or one other character, so letters that agree by chance in different
 * words do not count. Blanks are not counted.
 */
export function keptCharacters(suggestion: string, text: string): number {
  const [a, b] = [wordsOf(suggestion), wordsOf(text)];
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    const next = new Uint32Array(b.length + 1);
    for (let j = 0; j < b.length; j++)
      next[j + 1] = Math.max(row[j + 1]!, next[j]!, b[j] === word ? row[j]! + word.length : 0);
    row = next;
  }
  return row[b.length]!;
}

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}_$]+|[^\s\p{L}\p{N}_$]/gu) ?? [];
const lengthOf = (words: readonly string[]): number => words.reduce((sum, { length }) => sum + length, 0);
