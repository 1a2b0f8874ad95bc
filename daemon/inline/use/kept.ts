import { alike } from '../../protocol/alike.ts';
import type { Span } from './edit.ts';

const MOST_TOKENS = 4000; // of the place that is compared; a longer one is compared line by line only
const MOVED_FROM = 4; // characters of a line without white space; a shorter one is found everywhere

/** What a text was like when it came into a document, to tell later what is still there. */
export interface Accepted {
  readonly text: string;
  /** How often each line of it is in the document besides the ones that came with it. */
  readonly elsewhere: ReadonlyMap<string, number>;
}

/** document: with the text in it. */
export function acceptedIn(document: string, text: string): Accepted {
  const lines = text.split('\n').map(bare).filter(isTelling);
  const whole = bare(document);
  const mine = (line: string): number => lines.filter((one) => one === line).length;
  return { text, elsewhere: new Map(lines.map((line) => [line, times(whole, line) - mine(line)])) };
}

/**
 * How many characters of an accepted text are still in the document. `place`: where it was put, with what edits made of it. White
 * space does not count, so a formatter takes nothing away. A line that is gone from the place is kept if the document has it
 * elsewhere now: somebody moved it.
 */
export function keptIn(document: string, { text, elsewhere }: Accepted, place: Span): number {
  const now = document.slice(place.from, place.to);
  if (now === text) return text.length;
  const tokens = tokensOf(text);
  const all = weightOf(tokens);
  if (all === 0) return 0;
  const there = tokensOf(now);
  const found = new Set(there.length > MOST_TOKENS ? [] : alike(texts(tokens), texts(there)).map(([mine]) => mine));
  let whole: string | undefined;
  let kept = 0;
  for (const [line, own] of Map.groupBy(tokens.entries(), ([, token]) => token.line)) {
    const bareLine = bare(text.split('\n')[line]!);
    const still = weightOf(own.filter(([i]) => found.has(i)).map(([, token]) => token));
    const before = elsewhere.get(bareLine);
    const total = weightOf(own.map(([, token]) => token));
    if (still < total && before !== undefined && times((whole ??= bare(document)), bareLine) > before) kept += total;
    else kept += still;
  }
  return Math.round((text.length * kept) / all);
}

interface Token {
  readonly text: string;
  readonly line: number;
}

/** Words, numbers, and single signs. */
function tokensOf(text: string): Token[] {
  return text
    .split('\n')
    .flatMap((line, i) => (line.match(/[\p{L}\p{N}_$]+|[^\s]/gu) ?? []).map((token) => ({ text: token, line: i })));
}

const texts = (tokens: readonly Token[]): string[] => tokens.map(({ text }) => text);
const weightOf = (tokens: readonly Token[]): number => tokens.reduce((sum, { text }) => sum + text.length, 0);
const bare = (text: string): string => text.replace(/\s+/g, '');
const isTelling = (line: string): boolean => line.length >= MOVED_FROM && /[\p{L}\p{N}]/u.test(line);
const times = (text: string, part: string): number => text.split(part).length - 1;
