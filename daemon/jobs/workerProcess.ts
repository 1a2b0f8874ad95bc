import { startProcess } from '../process/supervised.ts';
import type { ErrorFacts } from '../protocol/errors.ts';
import type { FromWorker, Outcome, ToWorker } from './messages.ts';

export interface WatchOptions {
  /** Time between two heartbeats. */
  readonly heartbeatMs: number;
  /** A worker without a heartbeat for so long is killed. */
  readonly silenceMs: number;
  /** A worker that sends nothing and computes nothing for so long is killed. */
  readonly stallMs: number;
}

/** How a worker's process ended. */
export type Ended =
  | { readonly how: 'done'; readonly outcome: Outcome }
  | { readonly how: 'stopped' }
  | { readonly how: 'error'; readonly error: ErrorFacts; readonly stack: string }
  /** It died. `reason`: how, for people; `output`: the last it wrote, for the log. */
  | { readonly how: 'crashed'; readonly reason: string; readonly output: string };

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Memory it had at its last heartbeat, in bytes. */
  rssBytes(): number;
  /** After its estimate: do the task. */
  go(): void;
  stop(): void;
  /** Ends it at once, whatever it does. `reason`: why, where that was not its own fault. */
  kill(reason: string): void;
  /** Resolves when the process is gone and everything it sent was read. */
  readonly ended: Promise<Ended>;
}

/** Starts the process of an attempt. */
export function startWorker(
  start: Extract<ToWorker, { type: 'start' }>,
  on: (message: FromWorker) => void,
  watch: WatchOptions,
): WorkerProcess {
  let last: Ended | undefined;
  const worker = startProcess<ToWorker, FromWorker>({
    ...{ file: new URL('./jobWorker.ts', import.meta.url), streams: 'keep', health: watch, givesWay: true },
    inspect: 'worker',
    onMessage(message) {
      if (message.type === 'done') last = { how: 'done', outcome: message.outcome };
      else if (message.type === 'stopped') last = { how: 'stopped' };
      else if (message.type === 'error') last = { how: 'error', error: message.error, stack: message.stack };
      else on(message);
    },
  });
  void worker.send(start);
  return {
    ...{ pid: worker.pid, rssBytes: () => worker.rssBytes(), stop: () => worker.stop() },
    kill: (reason) => worker.kill(reason),
    go: () => void worker.send({ type: 'go' }),
    ended: worker.ended.then(({ reason, output }) => last ?? { how: 'crashed', reason, output }),
  };
}
