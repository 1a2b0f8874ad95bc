/** Places in held-out code where a suggestion is asked for, and what stands there. Pure. */
import { seededRandom, shuffle } from '../data/random.ts';
import { indentOf } from '../inline/place.ts';

/** A file of code as it is now. */
export interface CodeFile {
  /** Its path in the folder, or the place of its row. */
  readonly name: string;
  readonly text: string;
}

export interface Case {
  /** 'line': the rest of a line. 'block': the lines that belong to a line, to the end of their scope. */
  readonly kind: 'line' | 'block';
  readonly file: number;
  /** Counted from 1. */
  readonly line: number;
  /** What is to be written, in UTF-16 units of the file. */
  readonly start: number;
  readonly end: number;
}

/** A block of more lines or characters is more than a person takes at once. */
const BLOCK = { least: 2, lines: 10, characters: 600 };
/** Characters that are left of a line at least: the last two brackets of a line say little. */
const LEAST_REST = 4;
/** Lines that people write without help, and comments, whose text code does not decide. */
const COMMENT = /^(\/\/|\/\*|\*|#(?!include|define|\[|!)|--|<!--|;|%|"""|''')/;

/**
 * At most `limit` cases of these files. Half are blocks, as far as there are so many. The files take turns, so that a long one does not
 * decide; the seed chooses the files' order and the places.
 */
export function casesOf(files: readonly CodeFile[], { limit, seed }: { limit: number; seed: number }): Case[] {
  const decks = files.map((file, i) => {
    const random = seededRandom('cases', seed, file.name);
    const mixed = <T>(list: T[]): T[] => shuffle(list, random);
    // Before the first code of a file there is nothing to continue.
    const continues = ({ start }: Case): boolean => file.text.slice(0, start).trim() !== '';
    const made = [linesOf(file, i, random), blocksOf(file, i)].map((list) => mixed(list.filter(continues)));
    return { line: made[0]!, block: made[1]! };
  });
  const order = shuffle([...decks], seededRandom('files', seed));
  const blocks = take(
    order.map(({ block }) => block),
    Math.floor(limit / 2),
  );
  const lines = take(
    order.map(({ line }) => line),
    limit - blocks.length,
  );
  return [...lines, ...blocks].sort((a, b) => a.file - b.file || a.start - b.start);
}

/** One of each deck in turn. */
function take(decks: readonly (readonly Case[])[], limit: number): Case[] {
  const taken: Case[] = [];
  for (let round = 0; taken.length < limit; round++) {
    const some = decks.flatMap((deck) => deck.slice(round, round + 1));
    if (some.length === 0) break;
    taken.push(...some.slice(0, limit - taken.length));
  }
  return taken;
}

interface Line {
  readonly text: string;
  /** Where it begins in the file. */
  readonly start: number;
}

function splitLines(text: string): Line[] {
  let start = 0;
  return text.split('\n').map((whole) => {
    const line = { text: whole.replace(/\r$/, ''), start };
    start += whole.length + 1;
    return line;
  });
}

/** The rest of each line of code, from its beginning or from a place between two words. */
function linesOf({ text }: CodeFile, file: number, random: () => number): Case[] {
  return splitLines(text).flatMap(({ text: line, start }, i) => {
    const content = line.trim();
    if (content.length < 2 * LEAST_REST || COMMENT.test(content) || !/[\p{L}]/u.test(content)) return [];
    const from = line.length - line.trimStart().length;
    const end = line.trimEnd().length;
    const places: number[] = [];
    for (let at = from; at <= end - LEAST_REST; at++) if (!isInWord(line, at)) places.push(at);
    const at = places[Math.floor(random() * places.length)]!;
    return [{ kind: 'line' as const, file, line: i + 1, start: start + at, end: start + end }];
  });
}

const isWord = (character: string | undefined): boolean => character !== undefined && /[\p{L}\p{N}_$]/u.test(character);
const isInWord = (line: string, at: number): boolean => isWord(line[at - 1]) && isWord(line[at]);

/** The lines that stand deeper than the line before them, up to the first that does not. */
function blocksOf({ text }: CodeFile, file: number): Case[] {
  const lines = splitLines(text);
  return lines.flatMap((opening, i) => {
    if (opening.text.trim() === '' || COMMENT.test(opening.text.trim())) return [];
    const depth = indentOf(opening.text);
    let last = i;
    let count = 0;
    for (let j = i + 1; j < lines.length && count <= BLOCK.lines; j++) {
      if (lines[j]!.text.trim() === '') continue;
      if (indentOf(lines[j]!.text) <= depth) break;
      last = j;
      count++;
    }
    if (count < BLOCK.least || count > BLOCK.lines) return [];
    const start = opening.start + opening.text.trimEnd().length;
    const end = lines[last]!.start + lines[last]!.text.trimEnd().length;
    return end - start > BLOCK.characters ? [] : [{ kind: 'block' as const, file, line: i + 1, start, end }];
  });
}
