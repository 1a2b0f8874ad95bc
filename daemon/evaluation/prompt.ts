import type { Tokenizer } from '../data/tokenizer.ts';
import { fillPrompt, textPrompt } from '../serve/prompt.ts';

/** The part of the context that is for the text before the cursor; the rest is for the text after it. */
const PREFIX_SHARE = 0.75;

/**
 * The prompt of an inline completion: the code before and after the cursor, or only before it if the tokenizer knows no
 * fill-in-the-middle. What is furthest from the cursor is cut at lines, until at most `most` tokens are left.
 */
export function completionPrompt(tokenizer: Tokenizer, prefix: string, suffix: string, most: number): number[] {
  for (let characters = 4 * most; ; characters = Math.floor(characters * 0.8)) {
    const after = tokenizer.fim ? firstLines(suffix, Math.floor(characters * (1 - PREFIX_SHARE))) : '';
    const before = lastLines(prefix, characters - after.length);
    const tokens = tokenizer.fim ? fillPrompt(tokenizer, before, after) : textPrompt(tokenizer, before);
    if (tokens.length <= most || characters < 16) return tokens.slice(-most);
  }
}

function lastLines(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = text.slice(text.length - most);
  const cut = end.indexOf('\n');
  return cut < 0 ? end : end.slice(cut + 1);
}

function firstLines(text: string, most: number): string {
  if (text.length <= most) return text;
  const start = text.slice(0, most);
  return start.slice(0, Math.max(0, start.lastIndexOf('\n')));
}
