import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { firstEvent, readEvents } from '../catalog/events.ts';
import type { Catalog } from '../catalog/open.ts';
import { VeraError } from '../protocol/errors.ts';
import { happened, skipped } from '../protocol/events.ts';
import type { Topic } from '../protocol/events.ts';
import type { Feed, Told } from './feed.ts';
import { tell } from './feed.ts';
import type { Limits } from './limits.ts';
import type { Send } from './messages.ts';
import { latestJobs } from './skipping.ts';

/** What one client follows. */
export interface Subscriptions {
  /** Follows topics from after a number; left out: from now. Answers with the number that events come after. */
  subscribe(topics: readonly Topic[], after?: number): { subscription: number; number: number };
  unsubscribe(id: number): void;
  /** To be called when something that was sent has left. */
  goOn(): void;
  close(): void;
}

interface Subscription {
  readonly id: number;
  readonly topics: readonly Topic[];
  /** Equal for subscriptions that are sent the same bytes. */
  readonly key: string;
  /** Every event up to this number is dealt with: sent, or of no interest. All that a subscription keeps. */
  cursor: number;
  /** Has been at the head once: from then on it may fall only so far behind. While it reads old events it may take its time. */
  live: boolean;
  /** Knows nothing of what there is now: begins with the latest state. */
  lost: boolean;
  busy: boolean;
  ended: boolean;
}

/**
 * Events for one client. Each subscription is a number in the log of events and is moved along it as fast as the client reads:
 * from memory while it keeps up, else page by page from the catalog. So a slow client costs no more memory than a fast one, and
 * between old events and new ones there is no seam where one could get lost or come twice.
 */
export function openSubscriptions(
  socket: WebSocket,
  send: Send,
  feed: Feed,
  { catalog, limits, log }: { catalog: Catalog; limits: Limits; log: Logger },
): Subscriptions {
  const all = new Map<number, Subscription>();
  let ids = 0;
  const isFull = (): boolean => socket.bufferedAmount > limits.bufferedBytes;
  const pumpAll = (): void => {
    for (const one of all.values()) void pump(one);
  };

  /** Sends what the subscription has not had until it is at the head or the client does not keep up. Never rejects. */
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
      // Without its place in the log a subscription cannot go on; the client connects again and asks from where it was.
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
    // Asked after reading: what was removed meanwhile is noticed as well.
    const first = await firstEvent(catalog.db);
    if (one.ended) return;
    if (one.cursor + 1 < first) return skip(one);
    const { page, cursor } = pageOf(events.map(tell), one.topics, limits);
    if (page.length > 0) send(frame(one.id, page));
    const isAll = events.length < limits.pageEvents && cursor === (events.at(-1)?.number ?? 0);
    // What came during the reading is in memory, or read next.
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
      // A number that has not been yet is one of another catalog, of before a backup was put back.
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
      // After the answer, which says what the notifications are of.
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
      for (const one of all.values()) one.ended = true;
      all.clear();
    },
  };
}

/** The first events of a list that are wanted, as many as go into one message, and the number up to which that decides. */
function pageOf(events: readonly Told[], topics: readonly Topic[], limits: Limits): { page: Told[]; cursor: number } {
  const page: Told[] = [];
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

function frame(id: number, page: readonly Told[]): Buffer {
  const start = `{"jsonrpc":"2.0","method":"${happened.name}","params":{"subscription":${id},"events":[`;
  return Buffer.from(`${start}${page.map(({ text }) => text).join(',')}]}}`);
}
