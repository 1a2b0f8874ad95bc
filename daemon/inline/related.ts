/** Finds texts elsewhere that are like what is around the cursor. */
import { aroundOf, isBlank, type Place } from './place.ts';

/** A document that may help, other than the one with the cursor. */
export interface Source {
  readonly uri: string;
  readonly text: string;
  /** How much it is preferred, on top of how similar it is; default 1. Imported files and places edited lately have more. */
  readonly weight?: number;
}

/** A part of a source. */
export interface Block {
  readonly uri: string;
  /** Index of its first line. */
  readonly line: number;
  readonly text: string;
}

const BLOCK_LINES = 20;
/** Lines before and after the cursor that others are compared with. */
const [LINES_BEFORE, LINES_AFTER] = [25, 5];
/** Below this, two texts only share the words of their language. */
const LEAST_SIMILARITY = 0.12;
/** A block that was chosen before is preferred to others by this, so that prompts begin with the same text. */
const KEPT = 1.3;
/** Characters of a source that are looked at. */
const LONGEST_SOURCE = 200_000;
const IDENTIFIER = /[\p{L}_$][\p{L}\p{N}_$]{2,}/gu;

/** Words that programs share whatever they do. */
const COMMON = new Set(
  (
    'and any assert async await bool boolean break case catch char class const continue def default delete elif else ' +
    'end enum except export extends false final finally float fn for from func function global impl implements import ' +
    'include int interface lambda let long match module mut new nil none not null number package pass private protected ' +
    'public pub raise readonly require return self short static str string struct super switch this throw throws trait ' +
    'true try type typeof undefined use using val var void while with yield None True False'
  ).split(' '),
);

const wordsOf = (text: string): Set<string> =>
  new Set((text.match(IDENTIFIER) ?? []).filter((word) => !COMMON.has(word)));

/** The share of words that two sets have in common (Jaccard). */
function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let both = 0;
  for (const word of a.size < b.size ? a : b) if (a.has(word) && b.has(word)) both++;
  return both === 0 ? 0 : both / (a.size + b.size - both);
}

interface Cut {
  readonly text: string;
  readonly blocks: readonly (Block & { readonly words: ReadonlySet<string> })[];
}

/** Cuts a source into blocks of about twenty lines, at blank lines where there are some. */
function cut({ uri, text }: Source): Cut {
  const lines = text.slice(0, LONGEST_SOURCE).split('\n');
  const blocks = [];
  for (let from = 0; from < lines.length;) {
    let to = Math.min(lines.length, from + BLOCK_LINES);
    for (let i = to; to < lines.length && i > from + BLOCK_LINES / 2; i--) {
      if (isBlank(lines[i - 1]!)) {
        to = i;
        break;
      }
    }
    const part = lines.slice(from, to).join('\n').trimEnd();
    if (part.trim() !== '') blocks.push({ uri, line: from, text: part, words: wordsOf(part) });
    from = to;
  }
  return { text, blocks };
}

export interface Related {
  /** The most similar blocks of at most so many characters. The order stays as it was as long as the same blocks are chosen. */
  choose(place: Place, sources: readonly Source[], characters: number): Block[];
}

export function relatedBlocks(): Related {
  const known = new Map<string, Cut>();
  /** What was chosen last, in the order of the prompt. */
  let kept: Block[] = [];

  const cutOf = (source: Source): Cut => {
    const found = known.get(source.uri);
    if (found?.text === source.text) return found;
    const made = cut(source);
    known.set(source.uri, made);
    return made;
  };

  return {
    choose(place, sources, characters) {
      const { prefix, suffix } = aroundOf(place);
      const query = wordsOf(
        [...prefix.split('\n').slice(-LINES_BEFORE), ...suffix.split('\n').slice(0, LINES_AFTER)].join('\n'),
      );
      const wasChosen = (block: Block): boolean =>
        kept.some(({ uri, line, text }) => uri === block.uri && line === block.line && text === block.text);
      const scored = sources.flatMap((source) =>
        cutOf(source).blocks.flatMap((block) => {
          const score = similarity(query, block.words) * (source.weight ?? 1) * (wasChosen(block) ? KEPT : 1);
          return score < LEAST_SIMILARITY || prefix.includes(block.text) ? [] : [{ block, score }];
        }),
      );
      scored.sort((a, b) => b.score - a.score);
      let left = characters;
      const chosen: Block[] = [];
      for (const { block } of scored) {
        const { uri, line, text } = block;
        if (text.length + 2 > left || chosen.some((other) => other.text === text)) continue;
        left -= text.length + 2;
        chosen.push({ uri, line, text });
      }
      const isIn = (list: readonly Block[], { uri, line, text }: Block): boolean =>
        list.some((other) => other.uri === uri && other.line === line && other.text === text);
      // New blocks come last, the most similar one next to the cursor.
      const fresh = chosen.filter((block) => !isIn(kept, block)).toReversed();
      kept = [...kept.filter((block) => isIn(chosen, block)), ...fresh];
      const uris = new Set(sources.map(({ uri }) => uri));
      for (const uri of known.keys()) if (!uris.has(uri)) known.delete(uri);
      return kept;
    },
  };
}
