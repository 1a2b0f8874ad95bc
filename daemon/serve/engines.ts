import type { Logger } from 'pino';
import type { Catalog } from '../catalog/open.ts';
import { cacheFolder } from '../home.ts';
import { type EngineClient, engineClient } from './engine/client.ts';
import type { EngineInfo, EngineStats, GenerationRequest, Piece } from './engine/request.ts';
import { storedAdapter } from './storedAdapter.ts';

export interface EnginesOptions {
  readonly catalog: Pick<Catalog, 'db'>;
  readonly log: Logger;
  /** The name of a weight format. */
  readonly precision: string;
  /** An engine without requests for so long is ended, which frees its memory. */
  readonly idleMs?: number;
  /** Threads of an engine; default: the number of the machine's cores. */
  readonly threads?: number;
  /** Called at the beginning and the end of each request. */
  readonly onUse?: () => void;
}

/** What one engine does now. */
export interface EngineState {
  /** As in the catalog: a folder, a file or a hub id. */
  readonly base: string;
  readonly pid: number | undefined;
  readonly rssBytes: number;
  readonly stats: EngineStats;
}

/** The engines of the daemon: a process for each base that is asked for, started by the first request. */
export interface Engines {
  /** What an engine of this base serves. Starts it where none runs. Throws what `resolveBase` throws, and VeraError 'runtime'. */
  info(base: string): Promise<EngineInfo>;
  /** As `Engine.submit`. The next request after a crash starts another process. */
  submit(base: string, request: GenerationRequest, signal: AbortSignal): AsyncIterable<Piece>;
  /** Requests that are not answered yet. */
  requests(): number;
  /** Every running engine. */
  states(): Promise<EngineState[]>;
  stop(): Promise<void>;
}

interface Served {
  readonly client: EngineClient;
  requests: number;
  idle: NodeJS.Timeout | undefined;
}

const IDLE_MS = 10 * 60_000;
const GRACE_MS = 3000; // to free its memory in order
/** A run of the graph takes seconds at most, and the heartbeat comes from a thread of its own. */
const HEALTH = { heartbeatMs: 1000, silenceMs: 60_000 };

export function openEngines(options: EnginesOptions): Engines {
  const { catalog, log, precision, idleMs = IDLE_MS, threads, onUse = () => undefined } = options;
  const engines = new Map<string, Served>();

  function engineOf(base: string): Served {
    const known = engines.get(base);
    if (known) return known;
    // Two bases in memory at once would take twice as much: one that has no requests makes room.
    for (const [other, { requests }] of engines) if (requests === 0) end(other, 'another base is asked for');
    log.info({ base, precision }, 'an engine starts');
    const client = engineClient({
      start: { base, precision, cache: cacheFolder(), ...(threads === undefined ? {} : { threads }) },
      load: (hash) => storedAdapter(catalog, hash),
      health: HEALTH,
      onCrash: (reason, output) => log.error({ base, reason, output }, 'an engine ended unexpectedly'),
    });
    const served: Served = { client, requests: 0, idle: undefined };
    engines.set(base, served);
    return served;
  }

  function end(base: string, why: string): void {
    const served = engines.get(base);
    if (served === undefined) return;
    engines.delete(base);
    clearTimeout(served.idle);
    log.info({ base, why }, 'an engine is ended');
    void served.client.stop(GRACE_MS);
  }

  /** Does something with an engine, which does not end meanwhile. */
  function begin(base: string): { client: EngineClient; done: () => void } {
    const served = engineOf(base);
    clearTimeout(served.idle);
    served.requests++;
    onUse();
    const done = (): void => {
      onUse();
      if (--served.requests > 0 || engines.get(base) !== served) return;
      served.idle = setTimeout(() => end(base, 'it was idle'), idleMs).unref();
    };
    return { client: served.client, done };
  }

  return {
    async info(base) {
      const { client, done } = begin(base);
      try {
        return await client.info();
      } finally {
        done();
      }
    },
    async *submit(base, request, signal) {
      const { client, done } = begin(base);
      try {
        yield* client.submit(request, signal);
      } finally {
        done();
      }
    },
    requests: () => [...engines.values()].reduce((sum, { requests }) => sum + requests, 0),
    async states() {
      const states = await Promise.all(
        Array.from(engines, async ([base, { client }]): Promise<EngineState | undefined> => {
          const stats = await client.stats().catch(() => undefined); // it ended meanwhile
          return stats && { base, pid: client.pid, rssBytes: client.rssBytes(), stats };
        }),
      );
      return states.filter((state) => state !== undefined);
    },
    async stop() {
      const all = [...engines.values()];
      engines.clear();
      for (const { idle } of all) clearTimeout(idle);
      await Promise.all(all.map(({ client }) => client.stop(GRACE_MS)));
    },
  };
}
