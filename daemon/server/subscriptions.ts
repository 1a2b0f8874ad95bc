import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { firstEvent, readEvents } from '../catalog/events.ts';
import type { Catalog } from '../catalog/open.ts';
import { VeraError } from '../protocol/errors.ts';
import { happened, skipped, unwritten } from '../protocol/events.ts';
import type { Topic } from '../protocol/events.ts';
import type { Queue } from '../jobs/queue.ts';
import type { Feed, SerialisedEvent } from './feed.ts';
import { serialise } from './feed.ts';
import type { Limits } from './limits.ts';
import type { Send } from './messages.ts';
import { latestJobs } from './skipping.ts';

/** The subscriptions of one client. */
export interface Subscriptions {
  /** Follows topics after an event number; without one, from now on. Returns the number after which events are sent. */
  subscribe(topics: readonly Topic[], after?: number): { subscription: number; number: number };
  unsubscribe(id: number): void;
  /** Call it when bytes that were sent have left. */
  goOn(): void;
  close(): void;
}

interface Subscription {
  readonly id: number;
  readonly topics: readonly Topic[];
  /** Equal for subscriptions that get the same bytes. */
  readonly key: string;
  /** Every event up to this number was sent or does not match. It is all that a subscription stores. */
  cursor: number;
  /** Has caught up once. From then on it may fall behind only so far; before, it may read old events at its own pace. */
  live: boolean;
  /** Its number belongs to another catalog: it begins with the latest state. */
  lost: boolean;
  busy: boolean;
  ended: boolean;
}

/**
 * Events for one client. A subscription is a position in the log of events, which moves as fast as the client reads: from memory while
 * the client keeps up, else page by page from the catalog. So a slow client needs no more memory than a fast one, and no event is
 * lost or sent twice between the old ones and the new ones.
 */
export function openSubscriptions(
  socket: WebSocket,
  send: Send,
  feed: Feed,
  { catalog, queue, limits, log }: { catalog: Catalog; queue: Pick<Queue, 'onUnwritten'>; limits: Limits; log: Logger },
): Subscriptions {
  const all = new Map<number, Subscription>();
  let ids = 0;
  const isFull = (): boolean => socket.bufferedAmount > limits.bufferedBytes;
  const pumpAll = (): void => {
    for (const one of all.values()) void pump(one);
  };

  /** Sends what the subscription has not had yet, until it has caught up or the client does not read. Never rejects. */
  async function pump(one: Subscription): Promise<void> {
    if (one.busy) return;
    one.busy = true;
    try {
      while (!one.ended && !isFull() && (one.lost || one.cursor < feed.head())) {
        const reading = step(one);
        if (reading !== undefined) await reading;
      }
      if (one.cursor >= feed.head()) one.live = true;
    } catch (error) {
      // Without its place in the log a subscription cannot continue; the client connects again and asks from where it was.
      log.error({ err: error, topics: one.topics }, 'a subscription failed');
      socket.close(1011, 'events cannot be read, see the log of the daemon');
    } finally {
      one.busy = false;
    }
  }

  function step(one: Subscription): Promise<void> | undefined {
    if (one.lost || (one.live && feed.head() - one.cursor > limits.lag)) return skip(one);
    const recent = feed.recent(one.cursor);
    if (recent === undefined) return replay(one);
    const { page, cursor } = pageOf(recent, one.topics, limits);
    if (page.length > 0) send(feed.shared(`${one.key} ${one.cursor}`, () => frame(one.id, page)));
    one.cursor = cursor;
    return undefined;
  }

  async function replay(one: Subscription): Promise<void> {
    const head = feed.head();
    const events = await readEvents(catalog.db, [...one.topics], one.cursor, limits.pageEvents);
    // Ask after reading, to notice events that were removed meanwhile.
    const first = await firstEvent(catalog.db);
    if (one.ended) return;
    if (one.cursor + 1 < first) return skip(one);
    const { page, cursor } = pageOf(events.map(serialise), one.topics, limits);
    if (page.length > 0) send(frame(one.id, page));
    const isAll = events.length < limits.pageEvents && cursor === (events.at(-1)?.number ?? 0);
    // Events that came during the reading are in memory, or read next.
    one.cursor = isAll ? Math.max(head, cursor) : cursor;
  }

  async function skip(one: Subscription): Promise<void> {
    const to = feed.head();
    const jobs = await latestJobs(catalog.db, one.topics, limits);
    if (one.ended) return;
    one.cursor = to;
    one.lost = false;
    const start = `{"jsonrpc":"2.0","method":"${skipped.name}","params":{"subscription":${one.id},"to":${to},"jobs":[`;
    send(feed.shared(`${one.key} skipped ${to}`, () => Buffer.from(`${start}${jobs.join(',')}]}}`)));
  }

  const stop = feed.onAdvance(pumpAll);
  const stopUnwritten = queue.onUnwritten((job) => {
    for (const { id, topics } of all.values()) {
      if (!topics.includes('jobs') && !topics.includes(`job/${job.id}`)) continue;
      const params = { subscription: id, job };
      send(Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: unwritten.name, params })));
    }
  });
  return {
    subscribe(topics, after) {
      if (all.size >= limits.subscriptions)
        throw new VeraError(
          'usage',
          `a client has at most ${limits.subscriptions} subscriptions: end one, or follow several topics with one`,
        );
      const head = feed.head();
      const sorted = [...new Set(topics)].sort();
      const id = ++ids;
      // A number that was not given yet comes from another catalog, from before a backup was restored.
      const lost = after !== undefined && after > head;
      const cursor = lost ? head : (after ?? head);
      const one = {
        id,
        topics: sorted,
        key: `${id} ${sorted.join(' ')}`,
        cursor,
        live: false,
        lost,
        busy: false,
        ended: false,
      };
      all.set(id, one);
      // Send after the answer, which tells the client which subscription the notifications are for.
      setImmediate(() => void pump(one));
      return { subscription: id, number: cursor };
    },
    unsubscribe(id) {
      const one = all.get(id);
      if (one === undefined) throw new VeraError('missing', `there is no subscription ${id} of this client`);
      one.ended = true;
      all.delete(id);
    },
    goOn() {
      if (!isFull()) pumpAll();
    },
    close() {
      stop();
      stopUnwritten();
      for (const one of all.values()) one.ended = true;
      all.clear();
    },
  };
}

/** The first matching events of a list, as many as fit into one message, and the number up to which the list was searched. */
function pageOf(
  events: readonly SerialisedEvent[],
  topics: readonly Topic[],
  limits: Limits,
): { page: SerialisedEvent[]; cursor: number } {
  const page: SerialisedEvent[] = [];
  let [characters, cursor] = [0, 0];
  for (const event of events) {
    if (event.topics.some((topic) => topics.includes(topic))) {
      if (
        page.length > 0 &&
        (page.length >= limits.pageEvents || characters + event.text.length > limits.bufferedBytes)
      )
        break;
      page.push(event);
      characters += event.text.length;
    }
    cursor = event.number;
  }
  return { page, cursor };
}

function frame(id: number, page: readonly SerialisedEvent[]): Buffer {
  const start = `{"jsonrpc":"2.0","method":"${happened.name}","params":{"subscription":${id},"events":[`;
  return Buffer.from(`${start}${page.map(({ text }) => text).join(',')}]}}`);
}
