import type { Logger } from 'pino';
import { baseName } from '../protocol/baseName.ts';
import type { Catalog } from '../catalog/open.ts';
import { cacheFolder } from '../home.ts';
import { VeraError } from '../protocol/errors.ts';
import { bytesText } from '../protocol/text.ts';
import { type EngineClient, engineClient } from './engine/client.ts';
import type { EngineInfo, EngineStats, GenerationRequest, Piece } from './engine/request.ts';
import { cacheBudgets, engineBytes } from './engineMemory.ts';
import { storedAdapter } from './storedAdapter.ts';

export interface EnginesOptions {
  readonly catalog: Pick<Catalog, 'db'>;
  readonly log: Logger;
  /** The name of a weight format. */
  readonly precision: string;
  /** An engine without requests for so long is ended, which frees its memory. */
  readonly idleMs?: number;
  /** One without requests for so long gives way to a job. */
  readonly givesWayMs?: number;
  /** Threads of an engine; default: the number of the machine's cores. */
  readonly threads?: number;
  /** Memory that one more engine may take beside what runs now; default: any. */
  readonly roomBytes?: () => number;
  /** Memory that an engine should not exceed with its caches; default: any. */
  readonly memoryBytes?: number;
  /** Called at the beginning and the end of each request. */
  readonly onUse?: () => void;
}

/** What one engine does now. */
export interface EngineState {
  /** As in the catalog: a folder, a file or a hub id. */
  readonly base: string;
  readonly pid: number | undefined;
  readonly rssBytes: number;
  /** The most that it should take. */
  readonly memoryBytes: number;
  /** How often its process ended unexpectedly since it was first asked for. */
  readonly crashes: number;
  readonly stats: EngineStats;
}

/** The engines of the daemon: a process for each base that is asked for, started by the first request. */
export interface Engines {
  /**
   * What an engine of this base serves. Starts it where none runs. Throws what `resolveBase` throws, and VeraError 'runtime', also where
   * it does not fit beside what runs.
   */
  info(base: string): Promise<EngineInfo>;
  /** As `Engine.submit`. The next request after a crash starts another process. */
  submit(base: string, request: GenerationRequest, signal: AbortSignal): AsyncIterable<Piece>;
  /** Requests that are not answered yet. */
  requests(): number;
  /** The memory of every running engine: the most it will take, and what it has now. */
  memory(): { readonly memoryBytes: number; readonly rssBytes: number; readonly idle: boolean }[];
  /** Ends the engines that `memory` calls idle. */
  endIdle(): void;
  /** Every running engine. */
  states(): Promise<EngineState[]>;
  stop(): Promise<void>;
}

interface Served {
  readonly client: EngineClient;
  /** The most that it will take. */
  readonly memoryBytes: number;
  requests: number;
  crashes: number;
  /** When its last request ended. */
  usedAt: number;
  idle: NodeJS.Timeout | undefined;
}

const IDLE_MS = 10 * 60_000;
/** An engine without requests for so long gives way to a job that needs its memory. */
const GIVES_WAY_MS = 5000;
const GRACE_MS = 3000; // to free its memory in order
/** A run of the graph takes seconds at most, and the heartbeat comes from a thread of its own. */
const HEALTH = { heartbeatMs: 1000, silenceMs: 60_000 };

export function openEngines(options: EnginesOptions): Engines {
  const { catalog, log, precision, idleMs = IDLE_MS, threads, onUse = () => undefined } = options;
  const { roomBytes = () => Infinity, memoryBytes = Infinity, givesWayMs = GIVES_WAY_MS } = options;
  const engines = new Map<string, Served>();

  /** Starts an engine where none runs. Throws VeraError 'runtime' if it does not fit. */
  async function engineOf(base: string): Promise<Served> {
    if (!engines.has(base)) {
      // Two bases in memory at once would take twice as much: one that has no requests makes room.
      const idle = [...engines].filter(([, { requests }]) => requests === 0);
      await Promise.all(idle.map(([other]) => end(other, 'another base is asked for')));
    }
    const need = engines.has(base) ? 0 : await engineBytes(base, precision, cacheFolder());
    const known = engines.get(base); // another request may have started it meanwhile
    if (known) return known;
    const room = roomBytes();
    if (need > room)
      throw new VeraError(
        'runtime',
        `${baseName(base)} needs about ${bytesText(need)} of memory to answer, and ${bytesText(Math.max(0, room))} are left beside the running jobs: wait until they are done, pause one, or raise the memory budget`,
      );
    const budgets = cacheBudgets(Math.min(room, memoryBytes) - need);
    log.info({ base, precision, need, ...budgets }, 'an engine starts');
    const client = engineClient({
      start: { base, precision, cache: cacheFolder(), ...budgets, ...(threads === undefined ? {} : { threads }) },
      load: (hash) => storedAdapter(catalog, hash),
      health: HEALTH,
      onCrash(reason, output) {
        served.crashes++;
        log.error({ base, reason, output }, 'an engine ended unexpectedly');
      },
    });
    const most = need + budgets.prefixBytes + budgets.bankBytes + budgets.rowBytes;
    const served: Served = {
      ...{ client, memoryBytes: most, requests: 0, crashes: 0 },
      ...{ usedAt: performance.now(), idle: undefined },
    };
    engines.set(base, served);
    return served;
  }

  async function end(base: string, why: string): Promise<void> {
    const served = engines.get(base);
    if (served === undefined) return;
    engines.delete(base);
    clearTimeout(served.idle);
    log.info({ base, why }, 'an engine is ended');
    await served.client.stop(GRACE_MS);
  }

  const givesWay = ({ requests, usedAt }: Served): boolean =>
    requests === 0 && performance.now() - usedAt >= givesWayMs;

  /** Does something with an engine, which does not end meanwhile. */
  async function begin(base: string): Promise<{ client: EngineClient; done: () => void }> {
    const served = await engineOf(base);
    clearTimeout(served.idle);
    served.requests++;
    onUse();
    const done = (): void => {
      onUse();
      served.usedAt = performance.now();
      if (--served.requests > 0 || engines.get(base) !== served) return;
      served.idle = setTimeout(() => void end(base, 'it was idle'), idleMs).unref();
    };
    return { client: served.client, done };
  }

  return {
    async info(base) {
      const { client, done } = await begin(base);
      try {
        return await client.info();
      } finally {
        done();
      }
    },
    async *submit(base, request, signal) {
      const { client, done } = await begin(base);
      try {
        yield* client.submit(request, signal);
      } finally {
        done();
      }
    },
    requests: () => [...engines.values()].reduce((sum, { requests }) => sum + requests, 0),
    memory: () =>
      Array.from(engines.values(), (served) => ({
        memoryBytes: Math.max(served.memoryBytes, served.client.rssBytes()),
        ...{ rssBytes: served.client.rssBytes(), idle: givesWay(served) },
      })),
    endIdle() {
      for (const [base, served] of engines) if (givesWay(served)) void end(base, 'a job needs its memory');
    },
    async states() {
      const states = await Promise.all(
        Array.from(
          engines,
          async ([base, { client, memoryBytes: most, crashes }]): Promise<EngineState | undefined> => {
            const stats = await client.stats().catch(() => undefined); // it ended meanwhile
            return stats && { base, pid: client.pid, rssBytes: client.rssBytes(), memoryBytes: most, crashes, stats };
          },
        ),
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
