import { errorMessage, errorOf } from '../../process/child.ts';
import type { HealthLimits } from '../../process/health.ts';
import { startProcess, type SupervisedProcess } from '../../process/supervised.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { StoredAdapter } from './bank.ts';
import type { EngineStart, FromEngine, ToEngine } from './messages.ts';
import { type PieceStream, pieceStream } from './pieces.ts';
import type { AdapterNotice, EngineInfo, EngineStats, GenerationRequest, Piece } from './request.ts';

export interface EngineClientOptions {
  readonly start: EngineStart;
  /** Reads an adapter of a content hash from the catalog. Throws VeraError 'missing' where there is none. */
  readonly load: (hash: string) => Promise<StoredAdapter>;
  readonly health?: HealthLimits;
  /** The process ended although nobody asked for that. */
  readonly onCrash?: (reason: string, output: string) => void;
  /** After how many crashes within `withinMs` no process is started for `pauseMs`. */
  readonly crashes?: CrashLimits;
}

export interface CrashLimits {
  readonly most: number;
  readonly withinMs: number;
  readonly pauseMs: number;
}

const CRASHES: CrashLimits = { most: 3, withinMs: 60_000, pauseMs: 60_000 };

/** An engine in a process of its own. It is started by the first call, and by the next call after a crash. */
export interface EngineClient {
  /** Starts the process where none runs. Rejects where the base cannot be served. */
  info(): Promise<EngineInfo>;
  /**
   * As `Engine.submit`; its deadline also counts while the base is loaded. A request whose process ends fails with VeraError 'runtime',
   * and so do all requests for a while after several crashes.
   */
  submit(request: GenerationRequest, signal?: AbortSignal): AsyncIterable<Piece>;
  /** As `Engine.prepare`. */
  prepare(adapter: string): Promise<AdapterNotice>;
  /** undefined where no process runs. */
  stats(): Promise<EngineStats | undefined>;
  /** The running process. */
  readonly pid: number | undefined;
  /** Its memory at the last heartbeat, in bytes; 0 where none runs. */
  rssBytes(): number;
  /** Ends the process in order, or after `graceMs` at once. The next call starts another. */
  stop(graceMs: number): Promise<void>;
}

/** What waits for something from a process. */
interface Waiter {
  onMessage(message: FromEngine): void;
  onError(error: Error): void;
}

interface Running {
  readonly process: SupervisedProcess<ToEngine>;
  readonly info: Promise<EngineInfo>;
  readonly waiters: Map<number, Waiter>;
  stopping: boolean;
  /** Why it has ended. */
  over: Error | undefined;
}

export function engineClient(options: EngineClientOptions): EngineClient {
  const { most, withinMs, pauseMs } = options.crashes ?? CRASHES;
  let current: Running | undefined;
  let ids = 0;
  let crashes: { readonly at: number; readonly reason: string }[] = [];

  /** Throws VeraError 'runtime' if the process has crashed too often. */
  function refuseCrashing(): void {
    const last = crashes.at(-1);
    if (last === undefined || crashes.length < most) return;
    const left = last.at + pauseMs - performance.now();
    if (left > 0)
      throw new VeraError(
        'runtime',
        `the engine ended ${crashes.length} times in a short while (the last time: ${last.reason}); it is started again in ${Math.ceil(left / 1000)} s at the earliest`,
      );
    crashes = [];
  }

  function launch(): Running {
    refuseCrashing();
    const info = Promise.withResolvers<EngineInfo>();
    info.promise.catch(() => undefined); // callers have their own
    const waiters = new Map<number, Waiter>();
    let broken: Error | undefined;
    const process = startProcess<ToEngine, FromEngine>({
      ...{ file: new URL('./engineWorker.ts', import.meta.url), streams: 'keep', givesWay: false, inspect: 'worker' },
      ...(options.health === undefined ? {} : { health: options.health }),
      onMessage(message) {
        if (message.type === 'info') info.resolve(message.info);
        else if (message.type === 'broken') broken = errorOf(message.error);
        else if (message.type === 'load') void deliver(process, message.hash);
        else waiters.get(message.id)?.onMessage(message);
      },
    });
    const running: Running = { process, info: info.promise, waiters, stopping: false, over: undefined };
    void process.send({ type: 'start', start: options.start });
    void process.ended.then(({ reason, output }) => {
      if (current === running) current = undefined;
      const why = running.stopping ? 'the engine was stopped' : `the engine ended: ${reason}; try again`;
      const error = broken ?? new VeraError('runtime', why);
      running.over = error;
      info.reject(error);
      for (const waiter of [...waiters.values()]) waiter.onError(error);
      if (running.stopping || broken) return;
      const now = performance.now();
      crashes = [...crashes.filter(({ at }) => now - at < withinMs), { at: now, reason }];
      options.onCrash?.(reason, output);
    });
    return running;
  }

  async function deliver(process: SupervisedProcess<ToEngine>, hash: string): Promise<void> {
    const adapter = await options.load(hash).catch((error: unknown) => errorMessage(error));
    void process.send({ type: 'adapter', hash, adapter });
  }

  const engine = (): Running => {
    if (current === undefined || current.stopping) current = launch();
    return current;
  };

  /** Asks for one answer. */
  async function ask<T extends FromEngine['type']>(
    running: Running,
    type: T,
    message: (id: number) => ToEngine,
  ): Promise<Extract<FromEngine, { type: T }>> {
    const { process, info, waiters } = running;
    await info;
    if (running.over) throw running.over;
    const id = ids++;
    const answer = Promise.withResolvers<Extract<FromEngine, { type: T }>>();
    waiters.set(id, {
      onMessage(got) {
        if (got.type === type) answer.resolve(got as Extract<FromEngine, { type: T }>);
        else if (got.type === 'failed') answer.reject(errorOf(got.error));
      },
      onError: answer.reject,
    });
    void process.send(message(id));
    try {
      return await answer.promise;
    } finally {
      waiters.delete(id);
    }
  }

  /** Sends a request once the base is loaded, and its pieces into the stream. */
  function follow(
    { process, info, waiters }: Running,
    request: GenerationRequest,
    stream: PieceStream,
    signal: AbortSignal,
  ): void {
    const { deadlineMs = Infinity } = request;
    const start = performance.now();
    const id = ids++;
    let sent = false;
    let late: NodeJS.Timeout | undefined;
    const leave = (): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', cancel);
      waiters.delete(id);
    };
    const fail = (error: Error): void => {
      leave();
      stream.fail(error);
    };
    const cancel = (): void => {
      if (sent) void process.send({ type: 'cancel', id });
      else fail(new VeraError('cancelled', 'the request was cancelled'));
    };
    waiters.set(id, {
      onMessage(message) {
        if (message.type === 'failed') fail(errorOf(message.error));
        else if (message.type === 'piece') {
          stream.push(message.piece);
          if (message.piece.type !== 'end') return;
          leave();
          stream.end();
        }
      },
      onError: fail,
    });
    if (signal.aborted) {
      cancel();
      return;
    }
    signal.addEventListener('abort', cancel, { once: true });
    if (deadlineMs < Infinity)
      late = setTimeout(() => {
        leave();
        stream.push(lateEnd(performance.now() - start));
        stream.end();
      }, deadlineMs);
    info.then(
      () => {
        if (!waiters.has(id)) return; // it is over already
        clearTimeout(late);
        sent = true;
        const left = deadlineMs - (performance.now() - start);
        void process.send({
          type: 'submit',
          id,
          request: deadlineMs === Infinity ? request : { ...request, deadlineMs: left },
        });
      },
      () => undefined, // its waiter is told as well
    );
  }

  return {
    info: async () => engine().info,
    submit(request, signal) {
      const ending = new AbortController();
      const stream = pieceStream(() => ending.abort());
      const either = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
      try {
        follow(engine(), request, stream, either);
      } catch (error) {
        stream.fail(error as Error);
      }
      return stream.pieces;
    },
    async prepare(adapter) {
      const { notice } = await ask(engine(), 'prepared', (id) => ({ type: 'prepare', id, adapter }));
      return notice;
    },
    async stats() {
      if (current === undefined || current.stopping) return undefined;
      return (await ask(current, 'stats', (id) => ({ type: 'stats', id }))).stats;
    },
    get pid() {
      return current?.process.pid;
    },
    rssBytes: () => current?.process.rssBytes() ?? 0,
    async stop(graceMs) {
      const running = current;
      if (running === undefined) return;
      running.stopping = true;
      running.process.stop();
      const late = setTimeout(() => running.process.kill('it was stopped'), graceMs);
      await running.process.ended;
      clearTimeout(late);
    },
  };
}

/** The end of a request whose time was over before the base was loaded. */
const lateEnd = (ms: number): Piece => ({
  ...{ type: 'end', reason: 'deadline' },
  usage: { promptTokens: 0, cachedTokens: 0, answerTokens: 0, draftedTokens: 0, acceptedTokens: 0 },
  timing: { tokenizedMs: ms, queuedMs: ms, totalMs: ms },
});
