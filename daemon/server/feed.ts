import { lastEvent } from '../catalog/events.ts';
import type { Catalog } from '../catalog/open.ts';
import type { Event, Topic } from '../protocol/events.ts';
import type { Limits } from './limits.ts';

/** An event as it goes to every subscription: serialised once. */
export interface Told {
  readonly number: number;
  readonly text: string;
  /** The topics it belongs to. */
  readonly topics: readonly Topic[];
}

/** The newest events, in memory, for everybody who follows them; older ones are read from the catalog. */
export interface Feed {
  /** Number of the newest event that is known of. */
  head(): number;
  /** Events with numbers above `after`, in order; undefined where memory does not reach back that far. */
  recent(after: number): readonly Told[] | undefined;
  /** Calls when there are new events, at most once a turn of the event loop. Answers with what ends it. */
  onAdvance(listener: () => void): () => void;
  /** Something made once for all subscriptions that need the same until the next event comes. */
  shared(key: string, make: () => Buffer): Buffer;
  close(): void;
}

const MAX_SHARED = 256; // entries: subscriptions that keep up need one and the same

export function topicsOf({ body }: Event): Topic[] {
  if (body.type === 'catalog') return ['catalog'];
  return body.type === 'job' ? ['jobs', `job/${body.job.id}`] : [`job/${body.job}`];
}

export const tell = (event: Event): Told => ({
  number: event.number,
  text: JSON.stringify(event),
  topics: topicsOf(event),
});

export async function openFeed(catalog: Catalog, limits: Limits): Promise<Feed> {
  const listeners = new Set<() => void>();
  const shared = new Map<string, Buffer>();
  let recent: Told[] = [];
  let characters = 0;
  let head = 0;
  /** Every event with a number above it is in `recent`. */
  let floor = 0;
  let announced = false;

  const announce = (): void => {
    announced = false;
    for (const listener of listeners) listener();
  };
  const stop = catalog.onEvents((events) => {
    for (const event of events) {
      const one = tell(event);
      recent.push(one);
      characters += one.text.length;
      head = one.number;
    }
    trim();
    shared.clear();
    // What comes while subscriptions are being served goes out together in the next turn.
    if (!announced) setImmediate(announce);
    announced = true;
  });
  /** Drops the oldest half: an array is cut rarely rather than at every event. */
  function trim(): void {
    while (recent.length > limits.recentEvents || characters > limits.recentCharacters) {
      const dropped = recent.slice(0, Math.ceil(recent.length / 2));
      recent = recent.slice(dropped.length);
      for (const { text } of dropped) characters -= text.length;
      floor = dropped.at(-1)!.number;
    }
  }

  const last = await lastEvent(catalog.db);
  // Events may have come while the question was on its way.
  floor = recent.length === 0 ? Math.max(floor, last) : Math.max(floor, recent[0]!.number - 1);
  head = Math.max(head, last);
  return {
    head: () => head,
    recent: (after) => (after < floor ? undefined : recent.slice(firstAbove(recent, after))),
    onAdvance: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    shared: (key, make) => {
      const existing = shared.get(key);
      if (existing !== undefined) return existing;
      if (shared.size >= MAX_SHARED) shared.clear();
      const made = make();
      shared.set(key, made);
      return made;
    },
    close: () => {
      stop();
      listeners.clear();
    },
  };
}

/** Index of the first event with a number above `after`, by halving. */
function firstAbove(events: readonly Told[], after: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.number > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
