/** Which part of a file, and of others, goes into a prompt. */

/** Characters that a token of code usually has. Only the engine counts tokens. */
export const CHARACTERS_PER_TOKEN = 3;
/** Tokens that mark the prefix, the suffix and the gap, and some to spare. */
export const SPECIAL_TOKENS = 8;

export interface Parts {
  readonly prefix: string;
  readonly suffix: string;
  /** Texts of other places. The last one is kept first where there is no room for all. */
  readonly extra: readonly string[];
}

export interface FitOptions {
  /** Most characters of everything together. */
  readonly characters: number;
  /** Most of them that are for the suffix if the prefix needs the rest; default a quarter. */
  readonly suffixShare?: number;
  /** Most characters of the suffix in any case. */
  readonly suffixCharacters?: number;
  /** Part of the room that other places get if the prefix could fill all of it. */
  readonly extraShare?: number;
}

export interface Fitted {
  /** With the texts of other places in front. */
  readonly prefix: string;
  readonly suffix: string;
  /** Something of prefix or suffix was left out. */
  readonly cut: boolean;
}

/** Prefix and suffix, cut at lines, with other texts in front of them where there is room. */
export function fit({ prefix, suffix, extra }: Parts, options: FitOptions): Fitted {
  const { characters, suffixShare = 0.25, suffixCharacters = Infinity, extraShare = 0 } = options;
  const blocks = extra.map((text) => `${text.trimEnd()}\n\n`);
  const wanted = blocks.reduce((sum, { length }) => sum + length, 0);
  const room = characters - Math.min(wanted, Math.floor(characters * extraShare));
  const suffixRoom = Math.max(room - prefix.length, Math.floor(room * suffixShare));
  const after = firstLines(suffix, Math.min(suffixRoom, suffixCharacters));
  const before = lastLines(prefix, room - after.length);
  let others = '';
  for (const block of blocks.toReversed()) {
    if (others.length + block.length > characters - before.length - after.length) break;
    others = block + others;
  }
  return { prefix: others + before, suffix: after, cut: before.length < prefix.length || after.length < suffix.length };
}

/**
 * The last whole lines of a text. Where they begin moves on only in steps of a quarter of the room, so that the next prompts begin with
 * the same text: the engine keeps what it has read.
 */
function lastLines(text: string, most: number): string {
  if (text.length <= most) return text;
  const step = Math.max(1, Math.floor(most / 4));
  const start = Math.ceil((text.length - most) / step) * step;
  const end = text.slice(start);
  return end.slice(end.indexOf('\n') + 1);
}

function firstLines(text: string, most: number): string {
  if (text.length <= most) return text;
  const start = text.slice(0, Math.max(0, most));
  return start.slice(0, Math.max(0, start.lastIndexOf('\n')));
}
