import type { Tokenizer } from '../data/tokenizer.ts';

/** Tokens before the new ones that are decoded again: some decoders treat the first token of a text in their own way. */
const CONTEXT = 6;

export interface TextStream {
  /** The text a token adds, '' while it is only part of a character. */
  push(id: number): string;
  /** What is left when no token follows. */
  end(): string;
}

/** Turns tokens into text as they come. prompt: what they follow. All pieces together are the answer's text. */
export function textStream(tokenizer: Tokenizer, prompt: readonly number[]): TextStream {
  const decode = (ids: number[]): string => tokenizer.decode(ids, { skipSpecialTokens: true });
  let said = prompt.slice(-CONTEXT);
  let unsaid: number[] = [];
  const take = (force: boolean): string => {
    if (unsaid.length === 0) return '';
    const before = decode(said);
    const text = decode([...said, ...unsaid]);
    // A character whose bytes are not all there decodes to the replacement character.
    if (!force && text.endsWith('\ufffd')) return '';
    const piece = text.startsWith(before) ? text.slice(before.length) : decode(unsaid);
    said = [...said, ...unsaid].slice(-CONTEXT);
    unsaid = [];
    return piece;
  };
  return {
    push(id) {
      unsaid.push(id);
      return take(false);
    },
    end: () => take(true),
  };
}
