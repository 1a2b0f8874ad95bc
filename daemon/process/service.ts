import { type Backoff, pauseMs } from '../protocol/backoff.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Ending, SupervisedProcess } from './supervised.ts';

/** When a process that has ended is started again. */
export interface RestartPolicy extends Backoff {
  /** So many unexpected ends in a row, and it is not started again. */
  readonly attempts: number;
  /** Once a process has been ready for so long, its end counts as the first one. */
  readonly steadyMs: number;
}

/** starting: a process loads. ready. waiting: the last one ended, the next start comes after a pause. failed: given up. stopped. */
export type ServiceState = 'starting' | 'ready' | 'waiting' | 'failed' | 'stopped';

/** A process that should always be there, through its crashes. */
export interface Service<In> {
  state(): ServiceState;
  /** Resolves when a process is ready. Rejects where it was given up (with the last reason) or stopped. */
  ready(): Promise<void>;
  /** To the process that is ready now; throws VeraError 'runtime' where none is, or where too many messages wait. */
  send(message: In): Promise<void>;
  rssBytes(): number;
  /** Asks the process to end, kills it after `graceMs`, and starts no other. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
}

/** `start`: starts one process. `onEnd`: gets each unexpected end, with the wait before the next start, undefined at the last. */
export function runService<In>(
  start: () => SupervisedProcess<In>,
  policy: RestartPolicy,
  onEnd: (ending: Ending, waitMs: number | undefined) => void = () => undefined,
): Service<In> {
  let state: ServiceState = 'starting';
  let failures = 0;
  let reason = 'it was stopped';
  let current: SupervisedProcess<In> | undefined;
  let pause: NodeJS.Timeout | undefined;
  let listeners: PromiseWithResolvers<undefined>[] = [];

  const unavailable = (): VeraError => new VeraError('runtime', `the service is not running: ${reason}`);
  const set = (now: ServiceState): void => {
    state = now;
    if (now !== 'ready' && now !== 'failed' && now !== 'stopped') return;
    const all = listeners;
    listeners = [];
    for (const one of all) {
      if (now === 'ready') one.resolve(undefined);
      else one.reject(unavailable());
    }
  };

  function launch(): void {
    set('starting');
    const process = start();
    current = process;
    let readyAt: number | undefined;
    process.ready.then(
      () => {
        if (current !== process || state !== 'starting') return;
        readyAt = performance.now();
        set('ready');
      },
      () => undefined, // `ended` comes as well
    );
    void process.ended.then((ending) => {
      current = undefined;
      if (state === 'stopped') return;
      if (readyAt !== undefined && performance.now() - readyAt >= policy.steadyMs) failures = 0;
      failures++;
      reason = ending.reason;
      const wait = failures >= policy.attempts ? undefined : pauseMs(failures, policy);
      set(wait === undefined ? 'failed' : 'waiting');
      if (wait !== undefined) pause = setTimeout(launch, wait);
      onEnd(ending, wait);
    });
  }
  launch();

  return {
    state: () => state,
    async ready() {
      if (state === 'ready') return;
      if (state === 'failed' || state === 'stopped') throw unavailable();
      const listener = Promise.withResolvers<undefined>();
      listeners.push(listener);
      await listener.promise;
    },
    async send(message) {
      if (state !== 'ready' || current === undefined) throw unavailable();
      return current.send(message);
    },
    rssBytes: () => current?.rssBytes() ?? 0,
    async stop(graceMs) {
      const process = current;
      if (state !== 'failed') {
        reason = 'it was stopped';
        set('stopped');
      }
      clearTimeout(pause);
      if (process === undefined) return;
      process.stop();
      const late = setTimeout(() => process.kill('it was stopped'), graceMs);
      await process.ended;
      clearTimeout(late);
    },
  };
}
