import { setTimeout } from 'node:timers/promises';
import { ErrorCodes, ResponseError } from 'vscode-jsonrpc/node';
import type { z } from 'zod';
import type { Discovery } from '../life/discovery.ts';
import { errorFacts, errorOfFacts, VeraError } from '../protocol/errors.ts';
import type { Topic } from '../protocol/events.ts';
import { isRepeatable } from '../protocol/method.ts';
import type { Method } from '../protocol/method.ts';
import { subscriptionsOn } from './follow.ts';
import type { Follower, FollowListener, Subscriptions } from './follow.ts';
import { reach } from './reach.ts';
import type { Reached, ReachOptions } from './reach.ts';

export interface ConnectOptions extends ReachOptions {
  /** ended: the daemon said goodbye (it was stopped, or had nothing to do). lost: it died, or the connection broke. */
  onDisconnect?(why: 'ended' | 'lost'): void;
  /** The daemon is there again, maybe another one; what is followed goes on by itself. */
  onReconnect?(daemon: Discovery): void;
}

/** A connection to the daemon that lasts: it is made again when it breaks. */
export interface Client {
  /** Asks the daemon. Throws the daemon's VeraError, or VeraError 'daemon' where it cannot be asked. */
  call<M extends Method>(
    method: M,
    params: z.input<M['params']>,
    options?: { timeoutMs?: number },
  ): Promise<z.output<M['result']>>;
  /** Follows topics from after event number `after` (undefined: from now, which is `number`) until it is ended. */
  follow(
    topics: Topic[],
    after: number | undefined,
    on: FollowListener,
  ): Promise<{ number: number; end(): Promise<void> }>;
  /** The daemon that is connected, undefined while there is none. */
  daemon(): Discovery | undefined;
  close(): Promise<void>;
}

const TIMEOUT_MS = 120_000; // a plan is measured by a worker first
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 10_000;
const REPEATS = 3;

interface Link extends Reached {
  readonly subscriptions: Subscriptions;
}

/** Connects to the user's daemon, and starts it where it does not run. Throws VeraError 'daemon'. */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const followers = new Set<Follower>();
  const over = new AbortController();
  let link: Link | undefined;
  let opening: Promise<Link> | undefined;

  /** The connection that is, or a new one. */
  const linked = async (how: ReachOptions = options): Promise<Link> => {
    while (link === undefined && opening !== undefined) {
      // Somebody else's attempt may have been one that starts nothing.
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
    // One that fails because the connection broke is made again with the next.
    for (const follower of followers) await made.subscriptions.add(follower).catch(() => undefined);
    return made;
  };

  /** Tries until there is a connection. A daemon that ended in order is not started again before somebody asks it something. */
  const comeBack = async (ended: boolean): Promise<void> => {
    for (
      let pause = FIRST_PAUSE_MS;
      !over.signal.aborted;
      pause = Math.min(pause * 2, ended ? 500 : LONGEST_PAUSE_MS)
    ) {
      try {
        const { discovery } = await linked(ended ? { ...options, start: false } : options);
        options.onReconnect?.(discovery);
        return;
      } catch {
        // a call says why
      }
      // Clients that lost the same daemon do not all come at once.
      await setTimeout(pause * (0.5 + Math.random()), undefined, { signal: over.signal }).catch(() => undefined);
    }
  };

  const ask = async (method: Method, params: unknown, timeoutMs: number): Promise<unknown> => {
    for (let left = isRepeatable(method, params) ? REPEATS : 0; ; left--) {
      const { connection, discovery } = await linked();
      try {
        return await inTime(connection.rpc.sendRequest(method.name, params), method, timeoutMs);
      } catch (error) {
        if (error instanceof VeraError) throw error;
        const said = saidByDaemon(error, method, discovery);
        if (said !== undefined) throw said;
        connection.close();
        await connection.closed;
        if (left > 0) continue;
        const message = `the connection to the daemon broke before it answered ${method.name}: look whether it was done, then try again`;
        throw new VeraError('daemon', message, { cause: error });
      }
    }
  };

  await linked();
  return {
    call: async (method, params, { timeoutMs = TIMEOUT_MS } = {}) => {
      const answer = method.result.safeParse(await ask(method, params, timeoutMs));
      if (answer.success) return answer.data as never;
      const where = answer.error.issues[0]?.path.join('.') ?? '';
      throw new VeraError(
        'daemon',
        `the daemon's answer to ${method.name} is not understood ('${where}'): vera daemon restart`,
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
          const said = saidByDaemon(error, { name: 'events.subscribe' }, discovery);
          if (said !== undefined) {
            followers.delete(follower);
            throw said;
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

async function inTime<T>(answer: Promise<T>, { name }: Method, timeoutMs: number): Promise<T> {
  const done = new AbortController();
  const late = setTimeout(timeoutMs, undefined, { signal: done.signal, ref: false }).then(() => {
    throw new VeraError('daemon', `the daemon did not answer ${name} in ${timeoutMs / 1000} s: see vera daemon logs`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    done.abort();
  }
}

/** The error that the daemon answered with; undefined where it is one of the connection. */
function saidByDaemon(error: unknown, { name }: { name: string }, { version }: Discovery): VeraError | undefined {
  if (!(error instanceof ResponseError)) return undefined;
  const facts = errorFacts.safeParse({ ...(error.data as object | undefined), message: error.message });
  if (facts.success) return errorOfFacts(facts.data);
  if (error.code === ErrorCodes.PendingResponseRejected) return undefined;
  if (error.code === ErrorCodes.MethodNotFound)
    return new VeraError(
      'daemon',
      `the daemon (version ${version}) does not know ${name}: update it with vera daemon restart`,
    );
  return new VeraError('daemon', `the daemon refused ${name}: ${error.message}`);
}
