import { type Attempt, type AttemptOptions, startAttempt } from './attempt.ts';
import { findKind } from './kinds/registry.ts';
import type { RunningJob } from './schedule.ts';

export interface RunnerOptions extends AttemptOptions {
  /** A cancelled worker that does not end is killed after so long. */
  readonly cancelMs: number;
  /** Called when a worker has ended, which makes room for another. */
  readonly onGone: (id: number, crashed: boolean) => void;
}

/** The attempts that are under way, by the number of their job. */
export interface Runner {
  has(id: number): boolean;
  size(): number;
  running(): RunningJob[];
  /** Starts the next attempt of a queued job. */
  launch(id: number, kind: string): void;
  /** Asks a worker to stop at a checkpoint. `kill`: kills it if it does not. */
  stopJob(id: number, kill: 'never' | 'later'): void;
  /** Kills the workers that only make a plan. */
  dropWaiting(): void;
  /** Every worker stops at a checkpoint. Those without one and those that are too slow are killed. Their jobs are queued again. */
  stop(graceMs: number): Promise<void>;
}

export function createRunner(options: RunnerOptions): Runner {
  const attempts = new Map<number, Attempt>();
  return {
    has: (id) => attempts.has(id),
    size: () => attempts.size,
    running: () =>
      [...attempts.values()]
        .filter((attempt) => !attempt.isDropped())
        .map((one) => ({ kind: one.kind, memoryBytes: one.memoryBytes(), rssBytes: one.rssBytes() })),

    launch(id, kind) {
      const attempt = startAttempt(id, kind, options);
      attempts.set(id, attempt);
      void attempt.ended.then((crashed) => {
        attempts.delete(id);
        options.onGone(id, crashed);
      });
    },

    stopJob(id, kill) {
      const attempt = attempts.get(id);
      attempt?.stop();
      if (kill === 'later') setTimeout(() => attempt?.kill('it was ended'), options.cancelMs).unref();
    },

    dropWaiting() {
      for (const attempt of attempts.values()) if (!attempt.isPermitted()) attempt.drop();
    },

    async stop(graceMs) {
      const all = [...attempts.values()];
      for (const attempt of all) attempt.stopWithDaemon(findKind(attempt.kind)?.pauses ?? false);
      const killer = setTimeout(() => {
        for (const attempt of all) attempt.kill('the daemon was stopped');
      }, graceMs);
      await Promise.all(all.map(({ ended }) => ended));
      clearTimeout(killer);
    },
  };
}
