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
  const encode = (part: string) => (part === '' ? [] : tokenizer.encode(part, { addSpecialTokens: false }));
  const middle = encode(text.slice(from, to));
  if (tokenizer.eosId !== undefined) middle.push(tokenizer.eosId);
  let room = limit - 3 - middle.length;
  if (room < 0) return undefined;
  let prefix = encode(text.slice(0, from));
  prefix = prefix.slice(Math.max(0, prefix.length - room));
  room -= prefix.length;
  const suffix = encode(text.slice(to)).slice(0, room);
  return suffixFirst
    ? [tokens.prefix, tokens.suffix, ...suffix, tokens.middle, ...prefix, ...middle]
    : [tokens.prefix, ...prefix, tokens.suffix, ...suffix, tokens.middle, ...middle];
}

/** A position in `text` that does not split a surrogate pair. */
function wholeCharacter(text: string, fraction: number): number {
  const at = Math.floor(fraction * (text.length + 1));
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
