import type { Tokenizer } from '../data/tokenizer.ts';

/** So many tokens before the new ones are decoded again, because some decoders treat the first token of a text differently. */
const CONTEXT = 6;

export interface TextStream {
  /** The text that a token adds; '' while it is only part of a character. */
  push(id: number): string;
  /** The rest of the text, when no token follows. */
  end(): string;
}

/** Turns tokens into text while they come. prompt: the tokens before them. All pieces together are the text of the answer. */
export function textStream(tokenizer: Tokenizer, prompt: readonly number[]): TextStream {
  const decode = (ids: number[]): string => tokenizer.decode(ids, { skipSpecialTokens: true });
  let said = prompt.slice(-CONTEXT);
  let unsaid: number[] = [];
  const take = (force: boolean): string => {
    if (unsaid.length === 0) return '';
    const before = decode(said);
    const text = decode([...said, ...unsaid]);
    // A character whose bytes are incomplete decodes to the replacement character.
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
