/** A completion that a person can see, followed through the edits of its document. */
import type { Shown } from '../shown.ts';
import { type Edit, moved, type Span } from './edit.ts';

export interface Offer {
  readonly shown: Shown;
  /** Where the rest goes. */
  at: number;
  /** What has not come in yet. */
  rest: string;
  /** How many characters of the document the rest replaces. */
  over: number;
  /** What was typed of it, right before `at`: deleting it brings it back. */
  typed: string;
  /** The end of what came in was accepted. */
  accepting: boolean;
  /** All characters of it, typed, accepted and to come. */
  characters: number;
}

/** What an edit means for an offer. elsewhere: nothing. apart: the person went another way. */
export type Meaning =
  { readonly kind: 'elsewhere' | 'apart' | 'typed' | 'deleted' } | { readonly kind: 'accepted'; readonly place: Span };

/** The offer of a completion. `document`: as it was when the completion was shown. */
export function offerOf(shown: Shown, document: string): Offer {
  const old = document.slice(shown.start, shown.end);
  let head = 0;
  const most = Math.min(old.length, shown.text.length, Math.max(0, shown.offset - shown.start));
  while (head < most && old[head] === shown.text[head]) head++;
  let tail = 0;
  const left = Math.min(old.length, shown.text.length) - head;
  while (tail < left && old[old.length - 1 - tail] === shown.text[shown.text.length - 1 - tail]) tail++;
  const rest = shown.text.slice(head, shown.text.length - tail);
  const over = old.length - tail - head;
  return { shown, at: shown.start + head, rest, over, typed: '', accepting: false, characters: rest.length };
}

/** Whether a completion that is shown now is what is left of an offer, or more of it. */
export const continues = (offer: Offer, next: Offer): boolean =>
  offer.rest !== '' &&
  offer.at === next.at &&
  (next.rest.startsWith(offer.rest) || offer.rest.startsWith(next.rest) || offer.shown.number === next.shown.continues);

/** Takes over the rest of a completion that is shown again. */
export function extend(offer: Offer, next: Offer): void {
  offer.characters += next.rest.length - offer.rest.length;
  offer.rest = next.rest;
  offer.over = next.over;
}

const PAIRS = ['()', '[]', '{}', '""', "''", '``', '<>'];

/**
 * Applies an edit to an offer. document: before the edit. A key adds one character; Enter adds a line break with the indentation,
 * and an editor closes brackets and quotes. More characters at once that agree with the offer are an acceptance.
 */
export function apply(offer: Offer, edit: Edit, document: string): Meaning {
  const { offset, removed, text } = edit;
  const gone = document.slice(offset, offset + removed);
  const ahead = offer.at - offset;
  if (gone === text) return { kind: 'elsewhere' };
  if (ahead >= 0 && ahead <= removed && text.slice(0, ahead) === gone.slice(0, ahead)) {
    const meaning = agreeing(offer, text.slice(ahead), gone.slice(ahead), ahead > 0);
    if (meaning !== undefined) return meaning;
  }
  if (text === '' && removed > 0 && removed === ahead && offer.typed.endsWith(gone)) {
    offer.at -= removed;
    offer.rest = gone + offer.rest;
    offer.typed = offer.typed.slice(0, offer.typed.length - removed);
    return { kind: 'deleted' };
  }
  const touches = offset <= offer.at + offer.over && offset + removed >= offer.at;
  if (touches) return { kind: 'apart' };
  offer.at = moved({ from: offer.at, to: offer.at }, edit).from;
  return { kind: 'elsewhere' };
}

/** What it means that `now` stands where the rest goes, in place of `gone`; undefined if it does not agree with the rest. */
function agreeing(offer: Offer, now: string, gone: string, replaces: boolean): Meaning | undefined {
  const { rest, over, at } = offer;
  const whole = gone.length >= over && now === rest + gone.slice(over);
  const added = now.length - gone.length;
  const part = added > 0 && added <= rest.length && now === rest.slice(0, added) + gone;
  if (!whole && !part) {
    if (gone === '' && PAIRS.includes(now) && rest.startsWith(now[0]!)) return take(offer, 1, false);
    return undefined;
  }
  const length = whole ? rest.length : added;
  const text = rest.slice(0, length);
  // An editor's own list of suggestions replaces the word before the cursor, the acceptance of a word or line does not.
  const byKey = isKey(text) || (!whole && replaces);
  const meaning = take(offer, length, !byKey);
  if (whole) offer.over = 0;
  return byKey ? meaning : { kind: 'accepted', place: { from: at, to: at + length } };
}

function take(offer: Offer, length: number, accepting: boolean): Meaning {
  offer.typed = accepting ? '' : offer.typed + offer.rest.slice(0, length);
  offer.at += length;
  offer.rest = offer.rest.slice(length);
  offer.accepting = accepting;
  return { kind: 'typed' };
}

const isKey = (text: string): boolean => /^.$/su.test(text) || /^\s+$/.test(text) || PAIRS.includes(text);
