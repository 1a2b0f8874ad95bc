/**
 * Works out what became of shown completions from the texts of documents alone: editors say nothing when a person accepts words
 * or lines. It knows no editor and no clock; times are milliseconds since 1970.
 */
import { KEPT_AFTER, type Outcome } from '../../protocol/outcomes.ts';
import type { Shown } from '../shown.ts';
import { applied, type Edit, moved, smaller, type Span } from './edit.ts';
import { type Accepted, acceptedIn, keptIn } from './kept.ts';
import { apply, continues, extend, type Offer, offerOf } from './offer.ts';

/** What is known of a completion so far. */
export interface Use {
  readonly shown: Shown;
  readonly outcome: Outcome;
  /** UTF-16 units. */
  readonly characters: number;
  readonly accepted: { readonly characters: number; readonly lines: number };
  /** Accepted characters that are still there after each of KEPT_AFTER; null if that time has not come. */
  readonly kept: readonly (number | null)[];
}

export interface Tracker {
  /** A completion is shown in a document that has this text. */
  show(shown: Shown, text: string): void;
  /** Edits of a document, each after the one before. */
  change(uri: string, edits: readonly Edit[], at: number): void;
  /** A document is closed: what is left of accepted text is measured now. */
  close(uri: string, at: number): void;
  /** A file was deleted: nothing of it is kept. */
  remove(uri: string, at: number): void;
  rename(from: string, to: string): void;
  /** Does what is due. */
  tick(at: number): void;
  /** Whether anything will be due. */
  waits(): boolean;
  /** Closes all documents. */
  end(at: number): void;
  /** Forgets everything without a word. */
  forget(): void;
}

/** A person who sees a text for less long has not read it. */
export const SEEN_MS = 250;
/** A completion that is shown for longer than this has been left alone. */
const OVER_MS = 600_000;

/** A text that came in at once, or in words and lines one after the other. */
interface Piece {
  place: Span;
  what: Accepted;
}

interface Followed {
  readonly offer: Offer;
  outcome: Outcome;
  /** It was seen, so it counts. */
  counts: boolean;
  lines: number;
  readonly pieces: Piece[];
  acceptedAt: number;
  kept: (number | null)[];
}

interface Document {
  text: string;
  /** What is shown now. */
  open: Followed | undefined;
  /** Completions with accepted text that is measured later. */
  readonly accepted: Set<Followed>;
}

/** tell: gets the state of a completion each time it changes. */
export function createTracker(tell: (use: Use) => void): Tracker {
  const documents = new Map<string, Document>();

  const say = (one: Followed): void => {
    const { offer, outcome, lines, kept } = one;
    const characters = acceptedCharacters(one);
    const use = { shown: offer.shown, outcome, characters: offer.characters, accepted: { characters, lines }, kept };
    if (one.counts) tell({ ...use, kept: [...kept] });
  };
  const finish = (document: Document, how: 'apart' | 'gone', at: number): void => {
    const one = document.open;
    if (one === undefined) return;
    document.open = undefined;
    if (!one.counts && at - one.offer.shown.at < SEEN_MS) return;
    one.counts = true;
    one.outcome = outcomeOf(one, how);
    say(one);
  };
  const accept = (document: Document, one: Followed, place: Span, at: number): void => {
    const last = one.pieces.at(-1);
    const joined = last?.place.to === place.from ? { from: last.place.from, to: place.to } : place;
    if (joined !== place) one.pieces.pop();
    one.pieces.push({ place: joined, what: acceptedIn(document.text, document.text.slice(joined.from, joined.to)) });
    one.lines += linesIn(document.text.slice(place.from, place.to), one.offer.rest === '');
    one.acceptedAt = at;
    one.kept = KEPT_AFTER.map(() => null);
    one.counts = true;
    document.accepted.add(one);
    say(one);
  };
  const edit = (document: Document, change: Edit, at: number): void => {
    const { open } = document;
    const meaning = open === undefined ? undefined : apply(open.offer, change, document.text);
    const small = smaller(document.text, change);
    document.text = applied(document.text, change);
    for (const one of document.accepted)
      for (const piece of one.pieces) for (const part of small) piece.place = moved(piece.place, part);
    if (open === undefined || meaning === undefined) return;
    if (meaning.kind === 'accepted') accept(document, open, meaning.place, at);
    if (meaning.kind === 'apart') finish(document, 'apart', at);
    else if (open.offer.rest === '') finish(document, 'gone', at);
  };
  /** Measures what is due; with `now`, everything that is not yet measured. */
  const measure = (document: Document, at: number, now: 'due' | 'all' | 'nothing'): void => {
    for (const one of document.accepted) {
      const due = one.kept.map(
        (kept, i) => kept === null && (now !== 'due' || at >= one.acceptedAt + 1000 * KEPT_AFTER[i]!),
      );
      if (due.some(Boolean)) {
        const still = now === 'nothing' ? 0 : keptOf(document, one);
        one.kept = one.kept.map((kept, i) => (due[i] ? still : kept));
        say(one);
      }
      if (one.kept.every((kept) => kept !== null) && document.open !== one) document.accepted.delete(one);
    }
  };
  const drop = (uri: string, at: number, now: 'all' | 'nothing'): void => {
    const document = documents.get(uri);
    if (document === undefined) return;
    finish(document, 'gone', at);
    measure(document, at, now);
    documents.delete(uri);
  };

  return {
    show: (shown, text) => {
      const document = documents.get(shown.uri) ?? { text, open: undefined, accepted: new Set<Followed>() };
      documents.set(shown.uri, document);
      if (document.text !== text) edit(document, { offset: 0, removed: document.text.length, text }, shown.at);
      const next = offerOf(shown, text);
      if (next.rest === '') return;
      if (document.open !== undefined && continues(document.open.offer, next)) return extend(document.open.offer, next);
      finish(document, 'gone', shown.at);
      const nothing = { lines: 0, pieces: [], acceptedAt: 0, kept: KEPT_AFTER.map(() => null) };
      document.open = { offer: next, outcome: 'open', counts: false, ...nothing };
    },
    change: (uri, edits, at) => {
      const document = documents.get(uri);
      if (document !== undefined) for (const one of edits) edit(document, one, at);
    },
    close: (uri, at) => drop(uri, at, 'all'),
    remove: (uri, at) => drop(uri, at, 'nothing'),
    rename: (from, to) => {
      const document = documents.get(from);
      if (document === undefined) return;
      documents.delete(from);
      documents.set(to, document);
    },
    tick: (at) => {
      for (const [uri, document] of documents) {
        const { open } = document;
        if (open?.counts === false && at - open.offer.shown.at >= SEEN_MS) {
          open.counts = true;
          say(open);
        }
        if (open !== undefined && at - open.offer.shown.at > OVER_MS) finish(document, 'gone', at);
        measure(document, at, 'due');
        if (document.open === undefined && document.accepted.size === 0) documents.delete(uri);
      }
    },
    waits: () => documents.size > 0,
    end: (at) => {
      for (const uri of [...documents.keys()]) drop(uri, at, 'all');
    },
    forget: () => documents.clear(),
  };
}

const acceptedCharacters = ({ pieces }: Followed): number =>
  pieces.reduce((sum, { what }) => sum + what.text.length, 0);

const keptOf = (document: Document, { pieces }: Followed): number =>
  pieces.reduce((sum, { what, place }) => sum + keptIn(document.text, what, place), 0);

function outcomeOf({ offer, pieces }: Followed, how: 'apart' | 'gone'): Outcome {
  const done = offer.rest === '';
  if (pieces.length > 0) return done && offer.accepting ? 'accepted' : 'partly';
  if (done) return 'typed';
  return how === 'apart' ? 'rejected' : 'ignored';
}

/** Lines that an accepted part completes: those that end in it, and at the end of the completion its last one. */
const linesIn = (text: string, last: boolean): number => {
  const breaks = text.split('\n').length - 1;
  return breaks + (last && !text.endsWith('\n') ? 1 : 0);
};
