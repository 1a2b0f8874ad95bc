import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Catalog } from '../catalog/open.ts';
import type { Queue } from '../jobs/queue.ts';
import type { Method } from '../protocol/method.ts';
import type { Engines } from '../serve/engines.ts';
import type { Reader } from '../serve/reader/reader.ts';
import type { Limits } from './limits.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface ServerOptions {
  catalog: Catalog;
  queue: Queue;
  engines: Engines;
  token: string;
  version: string;
  log: Logger;
  life: Life;
  /** 0 or absent: any free port. */
  port?: number;
  /** Smaller limits than LIMITS, for tests. */
  limits?: Partial<Limits>;
  /** Other methods than those of the protocol, for tests. */
  served?: ReadonlyMap<string, Served>;
}

/** What the server needs from the process that runs it. */
export interface Life {
  startedAt: number;
  stop(): Promise<void>;
  drain(): void;
  draining(): boolean;
  /** When the daemon ends because it has no work; null while it has some. */
  idleAt(): number | null;
  logsFolder: string;
}

/** What every handler and route gets. */
export interface Daemon {
  readonly catalog: Catalog;
  readonly queue: Queue;
  readonly engines: Engines;
  readonly reader: Reader;
  readonly version: string;
  readonly log: Logger;
  readonly life: Life;
  readonly limits: Limits;
  /** The actor in the audit trail: the user who runs the daemon, since only they have the token. */
  readonly actor: string;
  /** Clients that are connected. */
  readonly clients: () => number;
}

/** What a handler knows besides its params. `V`: the values of its progress; `never` for a method that has none. */
export interface Context<V = never> {
  readonly daemon: Daemon;
  /** The subscriptions of the client that asks. */
  readonly subscriptions: Subscriptions;
  /** Aborted when the client takes the request back or is gone; its reason is the error to end with. */
  readonly signal: AbortSignal;
  /** Sends a value before the answer. Wait for it before making the next one; it throws when the request is over. */
  readonly progress: (value: V) => Promise<void>;
}

/** A handler for every method of a feature of the protocol, under the same names. A missing one does not compile. */
export type Handlers<Feature> = {
  readonly [Name in keyof Feature as Feature[Name] extends Method ? Name : never]: Feature[Name] extends Method<
    infer P,
    infer R,
    infer S
  >
    ? (context: Context<z.input<S>>, params: z.output<P>) => Promise<z.input<R>> | z.input<R>
    : never;
};

/** What every handler is, whatever the values of its progress. */
export type Handler = (context: Context<unknown>, params: unknown) => unknown;

/** A method, and what answers it. */
export interface Served {
  readonly method: Method;
  readonly handle: Handler;
}
