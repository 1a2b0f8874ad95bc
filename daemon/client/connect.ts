import { setTimeout } from 'node:timers/promises';
import type { z } from 'zod';
import type { Discovery } from '../life/discovery.ts';
import { pauseMs } from '../protocol/backoff.ts';
import { VeraError } from '../protocol/errors.ts';
import { subscribe } from '../protocol/events.ts';
import type { Topic } from '../protocol/events.ts';
import { isRepeatable } from '../protocol/method.ts';
import type { Method } from '../protocol/method.ts';
import { subscriptionsOn } from './follow.ts';
import type { Follower, FollowListener, Subscriptions } from './follow.ts';
import { reach } from './reach.ts';
import type { Reached, ReachOptions } from './reach.ts';
import { answeredError, sendRequest, throwIfCancelled } from './request.ts';
import type { RequestOptions } from './request.ts';

export interface ConnectOptions extends ReachOptions {
  /**
   * ended: the daemon closed the connection in order (it was stopped, or had no work). lost: it died, or the connection
   * broke.
   */
  onDisconnect?(why: 'ended' | 'lost'): void;
  /** The daemon is connected again; it may be another one. Subscriptions continue by themselves. */
  onReconnect?(daemon: Discovery): void;
}

/** A lasting connection to the daemon: it is made again when it breaks. */
export interface Client {
  /** Calls a method of the daemon. Throws the daemon's VeraError, or VeraError 'daemon' if it cannot be reached. */
  call<M extends Method>(
    method: M,
    params: z.input<M['params']>,
    options?: RequestOptions<z.output<NonNullable<M['progress']>>>,
  ): Promise<z.output<M['result']>>;
  /** Follows topics from after event number `after` (undefined: from now, which is `number`) until it is ended. */
  follow(
    topics: Topic[],
    after: number | undefined,
    on: FollowListener,
  ): Promise<{ number: number; end(): Promise<void> }>;
  /** The connected daemon; undefined while none is connected. */
  daemon(): Discovery | undefined;
  close(): Promise<void>;
}

/** After a daemon ended in order, only look for another one: some client may have started it. */
const LOOKS = { firstMs: 50, longestMs: 500, spread: true };
const STARTS = { firstMs: 50, longestMs: 10_000, spread: true };
const REPEATS = 3;

interface Link extends Reached {
  readonly subscriptions: Subscriptions;
}

/** Connects to the user's daemon, and starts it if it does not run. Throws VeraError 'daemon'. */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const followers = new Set<Follower>();
  const over = new AbortController();
  let link: Link | undefined;
  let opening: Promise<Link> | undefined;

  /** The existing connection, or a new one. */
  const linked = async (how: ReachOptions = options): Promise<Link> => {
    while (link === undefined && opening !== undefined) {
      // The failed attempt may have been one that starts no daemon.
      await opening.catch(() => undefined);
    }
    if (over.signal.aborted) throw new VeraError('daemon', 'this connection to the daemon was closed');
    if (link !== undefined) return link;
    opening = open(how).finally(() => (opening = undefined));
    return opening;
  };

  const open = async (how: ReachOptions): Promise<Link> => {
    const reached = await reach(how);
    const made = { ...reached, subscriptions: subscriptionsOn(reached.connection) };
    if (over.signal.aborted) reached.connection.close();
    link = made;
    void reached.connection.closed.then(({ ended }) => {
      link = undefined;
      if (over.signal.aborted) return;
      options.onDisconnect?.(ended ? 'ended' : 'lost');
      void comeBack(ended);
    });
    // A subscription that fails because the connection broke is made again on the next connection.
    for (const follower of followers) await made.subscriptions.add(follower).catch(() => undefined);
    return made;
  };

  /** Tries until there is a connection. A daemon that ended in order is not started again before somebody calls a method. */
  const comeBack = async (ended: boolean): Promise<void> => {
    for (let failures = 1; !over.signal.aborted; failures++) {
      try {
        const { discovery } = await linked(ended ? { ...options, start: false } : options);
        options.onReconnect?.(discovery);
        return;
      } catch {
        // a call reports the reason
      }
      const pause = pauseMs(failures, ended ? LOOKS : STARTS);
      await setTimeout(pause, undefined, { signal: over.signal }).catch(() => undefined);
    }
  };

  const ask = async (method: Method, params: unknown, options: RequestOptions): Promise<unknown> => {
    let left = isRepeatable(method, params) ? REPEATS : 0;
    const { onProgress } = options;
    const once: RequestOptions = {
      ...options,
      ...(onProgress === undefined
        ? {}
        : {
            onProgress: (value) => {
              left = 0; // asked again, the values would come again
              onProgress(value);
            },
          }),
    };
    for (; ; left--) {
      const { connection, discovery } = await linked();
      try {
        return await sendRequest(connection, method, params, once);
      } catch (error) {
        const answered = answeredError(error, method, discovery);
        if (answered !== undefined) throw answered;
        connection.close();
        await connection.closed;
        throwIfCancelled(options.signal, method);
        if (left > 0) continue;
        const message = `the connection to the daemon broke before it answered ${method.name}: look whether it was done, then try again`;
        throw new VeraError('daemon', message, { cause: error });
      }
    }
  };

  await linked();
  return {
    call: async (method, params, options = {}) => {
      const answer = method.result.safeParse(await ask(method, params, options as RequestOptions));
      if (answer.success) return answer.data as never;
      const where = answer.error.issues[0]?.path.join('.') ?? '';
      throw new VeraError(
        'daemon',
        `the daemon's answer to ${method.name} is not understood ('${where}'); restart it`,
        { remedy: { do: 'restartDaemon' } },
      );
    },
    follow: async (topics, after, on) => {
      const follower: Follower = { topics, last: after, on };
      followers.add(follower);
      for (;;) {
        const { connection, subscriptions, discovery } = await linked();
        try {
          await subscriptions.add(follower);
          break;
        } catch (error) {
          const answered = answeredError(error, subscribe, discovery);
          if (answered !== undefined) {
            followers.delete(follower);
            throw answered;
          }
          connection.close();
          await connection.closed;
        }
      }
      return {
        number: follower.last ?? 0,
        end: async () => {
          followers.delete(follower);
          await link?.subscriptions.remove(follower).catch(() => undefined);
        },
      };
    },
    daemon: () => link?.discovery,
    close: async () => {
      over.abort();
      followers.clear();
      await opening?.catch(() => undefined);
      link?.connection.close();
      await link?.connection.closed;
    },
  };
}
