import { lastEvent } from '../catalog/events.ts';
import type { Catalog } from '../catalog/open.ts';
import type { Event, Topic } from '../protocol/events.ts';
import type { Limits } from './limits.ts';

/** An event as it is sent to every subscription: serialised once. */
export interface SerialisedEvent {
  readonly number: number;
  readonly text: string;
  /** The topics it belongs to. */
  readonly topics: readonly Topic[];
}

/** The newest events, kept in memory for all subscriptions. Older ones are read from the catalog. */
export interface Feed {
  /** Number of the newest event. */
  head(): number;
  /** Events with numbers above `after`, in order; undefined where some of them are no longer in memory. */
  recent(after: number): readonly SerialisedEvent[] | undefined;
  /** Calls the listener when there are new events, at most once per turn of the event loop. Returns how to stop. */
  onAdvance(listener: () => void): () => void;
  /** Bytes that are made once for all subscriptions that need the same, until the next event comes. */
  shared(key: string, make: () => Buffer): Buffer;
  close(): void;
}

const MAX_SHARED = 256; // entries; all subscriptions that keep up need the same one

function topicsOf({ body }: Event): Topic[] {
  if (body.type === 'catalog') return ['catalog'];
  return body.type === 'job' ? ['jobs', `job/${body.job.id}`] : [`job/${body.job}`];
}

export const serialise = (event: Event): SerialisedEvent => ({
  number: event.number,
  text: JSON.stringify(event),
  topics: topicsOf(event),
});

export async function openFeed(catalog: Catalog, limits: Limits): Promise<Feed> {
  const listeners = new Set<() => void>();
  const shared = new Map<string, Buffer>();
  let recent: SerialisedEvent[] = [];
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
      const one = serialise(event);
      recent.push(one);
      characters += one.text.length;
      head = one.number;
    }
    trim();
    shared.clear();
    // Events that come while subscriptions are served are sent together in the next turn.
    if (!announced) setImmediate(announce);
    announced = true;
  });
  /** Drops the oldest half, so that the array is cut rarely and not at every event. */
  function trim(): void {
    while (recent.length > limits.recentEvents || characters > limits.recentCharacters) {
      const dropped = recent.slice(0, Math.ceil(recent.length / 2));
      recent = recent.slice(dropped.length);
      for (const { text } of dropped) characters -= text.length;
      floor = dropped.at(-1)!.number;
    }
  }

  const last = await lastEvent(catalog.db);
  // Events may have come while the catalog was asked.
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

/** Index of the first event with a number above `after`, by binary search. */
function firstAbove(events: readonly SerialisedEvent[], after: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.number > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
