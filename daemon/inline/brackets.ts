const PAIRS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const CLOSERS = new Set(Object.values(PAIRS));
const QUOTES = new Set(['"', "'", '`']);

/** Brackets of a text that have no partner in it. */
export interface Unmatched {
  /** The closing brackets that the text still needs, the innermost last. */
  readonly open: readonly string[];
  /** Closing brackets of something that was opened before. */
  readonly closing: readonly { readonly at: number; readonly bracket: string }[];
}

/** Finds them; brackets in quotes on one line do not count. A bracket that closes another kind than was opened counts as its partner. */
export function unmatched(text: string): Unmatched {
  const open: string[] = [];
  const closing: { at: number; bracket: string }[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (QUOTES.has(character)) at = endOfQuote(text, at);
    else if (PAIRS[character] !== undefined) open.push(PAIRS[character]);
    else if (CLOSERS.has(character) && open.pop() === undefined) closing.push({ at, bracket: character });
  }
  return { open, closing };
}

/** The index of the closing quote; that of the opening one itself if it is not closed on its line (an apostrophe, say). */
function endOfQuote(text: string, at: number): number {
  for (let i = at + 1; i < text.length && text[i] !== '\n'; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === text[at]) return i;
  }
  return at;
}
