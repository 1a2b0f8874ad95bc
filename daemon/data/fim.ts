import type { FimTokens } from './fim-tokens.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * Fill-in-the-middle (arXiv 2207.14255): `text` is cut at two random characters into prefix, middle and suffix and
 * written so that the middle comes last: half of the time in the order prefix, suffix, middle (PSM), else suffix,
 * prefix, middle (SPM, written `<prefix><suffix>S<middle>P M` as in the paper's section 3.1).
 *
 * @param limit the most ids to return. Text furthest from the gap is left out first (the end of the suffix, then the beginning of
 *   the prefix). Returns undefined if the middle alone does not fit.
 */
export function fillInTheMiddle(
  text: string,
  tokenizer: Tokenizer,
  tokens: FimTokens,
  random: () => number,
  limit: number,
): number[] | undefined {
  const cuts = [wholeCharacter(text, random()), wholeCharacter(text, random())].sort((a, b) => a - b);
  const suffixFirst = random() < 0.5;
  const [from, to] = cuts as [number, number];
  const middle = insideIds(tokenizer, text.slice(from, to));
  const end = tokens.end ?? tokenizer.eosId;
  if (end !== undefined) middle.push(end);
  const marks = fimIds(tokens, [], [], suffixFirst).length;
  let room = limit - marks - middle.length;
  if (room < 0) return undefined;
  let prefix = prefixIds(tokenizer, text.slice(0, from));
  prefix = prefix.slice(Math.max(0, prefix.length - room));
  room -= prefix.length;
  const suffix = insideIds(tokenizer, text.slice(to)).slice(0, room);
  return [...fimIds(tokens, prefix, suffix, suffixFirst), ...middle];
}

/**
 * What stands before the middle, in the form of the model's family. `inverted`: the form of the paper's section 3.1, in which the
 * prefix comes last; families that always write the suffix first have one form alone.
 */
export function fimIds(
  { prefix, middle, suffix, begin, suffixFirst }: FimTokens,
  before: readonly number[],
  after: readonly number[],
  inverted = false,
): number[] {
  const first = begin === undefined ? [] : [begin];
  if (suffixFirst) return [...first, suffix, ...after, prefix, ...before];
  if (inverted) return [...first, prefix, suffix, ...after, middle, ...before];
  return [...first, prefix, ...before, suffix, ...after, middle];
}

export const prefixIds = (tokenizer: Pick<Tokenizer, 'encode'>, text: string): number[] =>
  text === '' ? [] : tokenizer.encode(text, { addSpecialTokens: false });

/**
 * Ids of a text that continues inside another: without the space that a SentencePiece tokenizer puts before each text. The text is
 * encoded after a line feed, which is never joined with what follows it there.
 */
export function insideIds(tokenizer: Pick<Tokenizer, 'encode'>, text: string): number[] {
  if (text === '') return [];
  const feed = tokenizer.encode('\n', { addSpecialTokens: false });
  const plain = tokenizer.encode(text, { addSpecialTokens: false });
  if (feed.length < 2) return plain;
  const both = tokenizer.encode(`\n${text}`, { addSpecialTokens: false });
  return feed.every((id, i) => both[i] === id) ? both.slice(feed.length) : plain;
}

/** A position in `text` that does not split a surrogate pair. */
function wholeCharacter(text: string, fraction: number): number {
  const at = Math.floor(fraction * (text.length + 1));
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
