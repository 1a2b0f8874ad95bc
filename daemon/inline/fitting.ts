import { unmatched } from './brackets.ts';
import { aroundOf, isBlank, type Place } from './place.ts';

/** What is inserted at the cursor. */
export interface Insertion {
  readonly text: string;
  /** Characters after the cursor that it replaces, all on the cursor's line: brackets that the editor closed. */
  readonly replaces: number;
}

const QUOTE = /^["'`]/;

/**
 * Fits a text to what stands around the cursor: brackets and quotes that are closed after the cursor are not closed a second time.
 * Returns undefined if nothing is left.
 */
export function fitting(text: string, place: Place): Insertion | undefined {
  const around = aroundOf(place);
  const trimmed = text.trimEnd();
  if (isBlank(trimmed)) return undefined;
  const fitted = isBlank(around.after)
    ? { text: withoutClosed(trimmed, around.before, around.next), replaces: 0 }
    : overClosed(trimmed, around.after);
  const kept = { ...fitted, text: fitted.text.trimEnd() };
  return isBlank(kept.text) ? undefined : kept;
}

/** Cuts before a bracket that the next line closes. */
function withoutClosed(text: string, before: string, next: string): string {
  const opened = [...unmatched(before).open];
  for (const { at, bracket } of unmatched(text).closing) {
    if (opened.pop() !== undefined) continue;
    if (next.trimStart().startsWith(bracket)) return text.slice(0, at);
  }
  return text;
}

/** Takes what stands after the cursor into the text where the text has it too. */
function overClosed(text: string, after: string): Insertion {
  let [rest, from] = [after, 0];
  const taken: number[] = [];
  const quote = QUOTE.exec(after)?.[0];
  if (quote !== undefined) {
    const at = text.indexOf(quote);
    if (at < 0) return { text, replaces: 0 };
    [rest, from] = [after.slice(1), at + 1];
    taken.push(at);
  }
  for (const { at, bracket } of unmatched(text.slice(from)).closing) {
    const skipped = rest.length - rest.trimStart().length;
    if (rest[skipped] !== bracket) break;
    rest = rest.slice(skipped + 1);
    taken.push(from + at);
  }
  const [first, last] = [taken[0], taken.at(-1)];
  if (first === undefined || last === undefined) return withoutOverlap(text, after);
  const tail = text.slice(last + 1);
  // All of it is at the end, so it can stay where it is.
  const isTail = text.slice(first).replaceAll(/\s/g, '').length === taken.length;
  if (isTail) return { text: text.slice(0, first), replaces: 0 };
  if (tail.trim() !== '' && rest.startsWith(tail.trim())) return { text: text.slice(0, first), replaces: 0 };
  return { text, replaces: after.length - rest.length };
}

/** Without punctuation at the end that stands after the cursor already. */
function withoutOverlap(text: string, after: string): Insertion {
  const known = /^[;,:]+/.exec(after)?.[0] ?? '';
  return { text: known !== '' && text.endsWith(known) ? text.slice(0, -known.length) : text, replaces: 0 };
}
