import { setTimeout as sleep } from 'node:timers/promises';
import { type Attempt, type AttemptOptions, startAttempt } from './attempt.ts';
import { findKind } from './kinds/registry.ts';
import type { RunningJob } from './schedule.ts';

/** Writing the end of a job takes so long at most, unless the disk refuses it. */
const WRITE_PATIENCE_MS = 2000;

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
  /** Tries at once to write the end of a job that the disk refused. Resolves when it is written or was refused again. */
  writeNow(id: number): Promise<void>;
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

    async writeNow(id) {
      const attempt = attempts.get(id);
      if (attempt === undefined) return;
      attempt.writeNow();
      await Promise.race([attempt.ended, sleep(WRITE_PATIENCE_MS)]);
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
