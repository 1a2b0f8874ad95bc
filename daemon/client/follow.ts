import { z } from 'zod';
import { event, happened, skipped, subscribe, unsubscribe, unwritten } from '../protocol/events.ts';
import type { Event, Topic } from '../protocol/events.ts';
import type { Job } from '../protocol/jobs.ts';
import { count, id } from '../protocol/values.ts';
import type { Connection } from './socket.ts';

export interface FollowListener {
  /** Receives events in the order of their numbers, each once, whatever happens to connection and daemon. */
  events(events: Event[]): void;
  /** The events up to number `to` that did not come are skipped. Receives the latest state of their jobs instead. */
  skipped?(to: number, jobs: Job[]): void;
  /** The state of a job that the disk of the daemon refuses to write. Its event follows when there is space. */
  unwritten?(job: Job): void;
}

/** A subscriber to topics, over one connection after another. */
export interface Follower {
  readonly topics: Topic[];
  readonly on: FollowListener;
  /** Number of the last event that came. undefined: no events from before the first subscription are wanted. */
  last: number | undefined;
}

/** Events as they come: one that a newer daemon sends, and this program does not know, is left out when it is delivered. */
const received = z.object({ subscription: id, events: z.array(z.looseObject({ number: count })) });

type Notice =
  | { kind: 'happened'; params: z.output<typeof received> }
  | { kind: 'skipped'; params: z.output<typeof skipped.params> }
  | { kind: 'unwritten'; params: z.output<typeof unwritten.params> };

/** The subscriptions of one connection. */
export interface Subscriptions {
  /** Subscribes to the events after the subscriber's last one. Does so once, however often it is called. */
  add(follower: Follower): Promise<void>;
  remove(follower: Follower): Promise<void>;
}

export function subscriptionsOn({ rpc }: Connection): Subscriptions {
  const followers = new Map<number, Follower>();
  const added = new Map<Follower, Promise<number>>();
  /** Messages for subscriptions whose numbers are not known yet. */
  const early: Notice[] = [];
  const receive = (notice: Notice): void => {
    const follower = followers.get(notice.params.subscription);
    if (follower === undefined) {
      if (added.size > followers.size) early.push(notice);
    } else deliver(follower, notice);
  };
  rpc.onNotification(happened.name, (params) => receive({ kind: 'happened', params: received.parse(params) }));
  rpc.onNotification(skipped.name, (params) => receive({ kind: 'skipped', params: skipped.params.parse(params) }));
  rpc.onNotification(unwritten.name, (params) =>
    receive({ kind: 'unwritten', params: unwritten.params.parse(params) }),
  );

  const begin = async (follower: Follower): Promise<number> => {
    const { topics, last } = follower;
    const answer = await rpc.sendRequest(subscribe.name, { topics, ...(last === undefined ? {} : { after: last }) });
    const { subscription, number } = subscribe.result.parse(answer);
    // The number is smaller than the last one seen, so the catalog is an older copy, and its numbers come again.
    if (last === undefined || number < last) follower.last = number;
    followers.set(subscription, follower);
    for (const notice of early.splice(0)) receive(notice);
    return subscription;
  };
  return {
    add: async (follower) => {
      const adding = added.get(follower) ?? begin(follower);
      added.set(follower, adding);
      try {
        await adding;
      } catch (error) {
        added.delete(follower);
        throw error;
      }
    },
    remove: async (follower) => {
      const subscription = await added.get(follower);
      if (subscription === undefined) return;
      added.delete(follower);
      followers.delete(subscription);
      await rpc.sendRequest(unsubscribe.name, { subscription });
    },
  };
}

function deliver(follower: Follower, notice: Notice): void {
  const last = follower.last ?? 0;
  try {
    if (notice.kind === 'unwritten') return follower.on.unwritten?.(notice.params.job);
    if (notice.kind === 'skipped') {
      const { to, jobs } = notice.params;
      follower.last = Math.max(last, to);
      follower.on.skipped?.(to, jobs);
      return;
    }
    const fresh = notice.params.events.filter(({ number }) => number > last);
    if (fresh.length === 0) return;
    follower.last = fresh.at(-1)!.number;
    follower.on.events(fresh.flatMap((one) => event.safeParse(one).data ?? []));
  } catch (error) {
    // The JSON-RPC library would swallow the listener's error.
    queueMicrotask(() => {
      throw error;
    });
  }
}
