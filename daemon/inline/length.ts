import { aroundOf, indentOf, isBlank, type Place } from './place.ts';

/** How much to complete: nothing, the rest of the line, or several lines. */
export type Length = 'none' | 'line' | 'block';

/** Longer lines are data, not code that a person writes. */
const LONGEST_LINE = 500;
/** What may stand after the cursor: brackets and quotes that the editor closed, and the punctuation after them. */
const CLOSING = /^[\s)\]}>"'`;,:]*$/;
/** Ends of lines that the next lines belong to. */
const OPENER = /(?:[{([:]|=>|->|\b(?:then|do|else|begin|try|repeat|finally|ensure))$/;
const COMMENT = /^\s*(?:\/\/|#(?!\s*(?:include|define|if|ifdef|ifndef|pragma)\b)|--|;;|\*|%|"""|''')|\/\/ /;
const WORD = /[\p{L}\p{N}_$]/u;

/** What the place of the cursor asks for. `invoked`: a person asked for it with a command, so there is always something to try. */
export function lengthAt(
  place: Place,
  { invoked, maxLines }: { readonly invoked: boolean; readonly maxLines: number },
): Length {
  const { prefix, before, after, next } = aroundOf(place);
  const few = (length: Length): Length => (length === 'block' && maxLines <= 1 ? 'line' : length);
  if (!invoked) {
    if (isBlank(prefix) || before.length > LONGEST_LINE) return 'none';
    if (isInWord(before, after) || !CLOSING.test(after)) return 'none';
  }
  if (!isBlank(after)) return 'line';
  if (isBlank(before)) return few('block');
  if (COMMENT.test(before)) return 'line';
  const hasBody = indentOf(next) > indentOf(before) && next !== '';
  return OPENER.test(before.trimEnd()) && !hasBody ? few('block') : 'line';
}

const isInWord = (before: string, after: string): boolean =>
  WORD.test(before.slice(-1)) && WORD.test(after.slice(0, 1));
