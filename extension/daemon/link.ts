import * as vscode from 'vscode';
import type { z } from 'zod';
import type { Client } from '../../daemon/client/connect.ts';
import type { RequestOptions } from '../../daemon/client/request.ts';
import type { FollowListener } from '../../daemon/client/follow.ts';
import type { Event, Topic } from '../../daemon/protocol/events.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import type { Method } from '../../daemon/protocol/method.ts';
import { Quiet } from '../quiet.ts';
import type * as Lazy from './lazy.ts';

export type Protocol = typeof Lazy;
/** idle: the daemon was not needed yet. */
export type LinkState = 'idle' | 'connecting' | 'connected' | 'failed';
export type CatalogChange = Extract<Event['body'], { type: 'catalog' }>;

/** The one connection of the extension to the daemon. It is made when it is first needed, and made again when it breaks. */
export interface DaemonLink {
  dispose(): void;
  /** Calls a method of the daemon, and starts the daemon if it does not run. `pick` chooses the method. */
  call<M extends Method>(
    pick: (protocol: Protocol) => M,
    params: z.input<M['params']>,
    options?: RequestOptions<z.output<NonNullable<M['progress']>>>,
  ): Promise<z.output<M['result']>>;
  follow(topics: Topic[], on: FollowListener): Promise<{ end(): Promise<void> }>;
  /** Connects if a daemon runs already. Does not start one. */
  peek(): Promise<void>;
  /** Stops the daemon. It stays stopped until `wake` is called, because a person does something. */
  stop(): Promise<void>;
  wake(): void;
  /** A person has stopped the daemon: nothing starts it by itself. */
  readonly isStopped: boolean;
  protocol(): Promise<Protocol>;
  readonly state: LinkState;
  readonly message: string | null;
  readonly onState: vscode.Event<LinkState>;
  /** Fires with each new state of a job. */
  readonly onJob: vscode.Event<Job>;
  readonly onCatalog: vscode.Event<CatalogChange>;
  /** Fires when anything may have changed: after the first connection, and after events were skipped. */
  readonly onRefresh: vscode.Event<void>;
}

const STOPPED = 'The background process was stopped. It starts again when you use VeRA Studio.';

export interface LinkOptions {
  readonly daemonArgs: () => string[];
  readonly log: (line: string) => void;
}

export function createLink({ daemonArgs, log }: LinkOptions): DaemonLink {
  const changed = new vscode.EventEmitter<LinkState>();
  const jobs = new vscode.EventEmitter<Job>();
  const catalog = new vscode.EventEmitter<CatalogChange>();
  const refresh = new vscode.EventEmitter<void>();
  let [state, message]: [LinkState, string | null] = ['idle', null];
  let client: Promise<Client> | undefined;
  let [over, stopped] = [false, false];

  const become = (next: LinkState, why: string | null = null): void => {
    if (over || (stopped && next !== 'failed') || (state === next && message === why)) return;
    [state, message] = [next, why];
    log(`daemon: ${next}${why === null ? '' : ` (${why})`}`);
    changed.fire(next);
  };
  const protocol = (): Promise<Protocol> => import('./lazy.ts');

  const opened = (): Promise<Client> => {
    if (stopped) return Promise.reject(new Quiet(STOPPED));
    client ??= open().catch((error: unknown) => {
      client = undefined;
      become('failed', error instanceof Error ? error.message : String(error));
      throw error;
    });
    return client;
  };
  const open = async (): Promise<Client> => {
    become('connecting');
    const { connect } = await protocol();
    const made = await connect({
      daemonArgs: daemonArgs(),
      onDisconnect: (why) =>
        become('connecting', why === 'lost' ? 'the connection to the daemon was lost' : 'the daemon has ended'),
      onReconnect: () => {
        become('connected');
        refresh.fire();
      },
    });
    await made.follow(['jobs', 'catalog'], undefined, {
      events: (events) => {
        for (const { body } of events) {
          if (body.type === 'job') jobs.fire(body.job);
          else if (body.type === 'catalog') catalog.fire(body);
        }
      },
      skipped: () => refresh.fire(),
      unwritten: (job) => jobs.fire(job),
    });
    become('connected');
    refresh.fire();
    return made;
  };

  return {
    call: async (pick, params, options) => {
      const [made, known] = await Promise.all([opened(), protocol()]);
      return made.call(pick(known), params, options);
    },
    follow: async (topics, on) => (await opened()).follow(topics, undefined, on),
    peek: async () => {
      if (client !== undefined || stopped) return;
      const { findRunning } = await protocol();
      const running = await findRunning();
      if (running.state !== 'answers') return;
      running.connection.close();
      await opened();
    },
    async stop() {
      const [made, { life }] = await Promise.all([opened(), protocol()]);
      await made.call(life.stop, {});
      stopped = true;
      client = undefined;
      become('failed', STOPPED);
      await made.close();
    },
    wake() {
      if (!stopped) return;
      stopped = false;
      // Connects again, and with that every view and the panel are told what there is.
      void opened().catch(() => undefined);
    },
    get isStopped() {
      return stopped;
    },
    protocol,
    get state() {
      return state;
    },
    get message() {
      return message;
    },
    onState: changed.event,
    onJob: jobs.event,
    onCatalog: catalog.event,
    onRefresh: refresh.event,
    dispose: () => {
      over = true;
      void client?.then((made) => made.close()).catch(() => undefined);
      for (const emitter of [changed, jobs, catalog, refresh]) emitter.dispose();
    },
  };
}
