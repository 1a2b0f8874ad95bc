import type { ErrorFacts } from '../protocol/errors.ts';
import type { Job } from '../protocol/jobs.ts';
import { withRemedy } from './fullDisk.ts';
import { afterEnd, type AttemptFacts } from './states.ts';
import { endOf } from './settle.ts';
import type { Ended } from './workerProcess.ts';

/** Jobs whose state the disk refuses to write, as they are. They are told from memory until there is space. */
export interface Unwritten {
  /** The job as it is; `written` where the catalog has its newest state. */
  latest(written: Job): Job;
  put(job: Job): void;
  clear(id: number): void;
  has(id: number): boolean;
  /** Calls the listener with each state that could not be written. Returns how to stop. */
  onChange(listener: (job: Job) => void): () => void;
}

export function rememberUnwritten(): Unwritten {
  const jobs = new Map<number, Job>();
  const listeners = new Set<(job: Job) => void>();
  return {
    latest: (written) => jobs.get(written.id) ?? written,
    put(job) {
      jobs.set(job.id, job);
      for (const listener of [...listeners]) listener(job);
    },
    clear: (id) => void jobs.delete(id),
    has: (id) => jobs.has(id),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const FULL = 'the disk is full';

/** A job whose worker has ended, where that cannot be written. A success is kept in memory and written later. */
export function endedUnwritten(job: Job, ended: Ended, facts: AttemptFacts, now: number): Job {
  const { state, failure } = afterEnd(job.state, endOf(ended), facts);
  if (state !== 'failed') return unableToWrite(job);
  const error: ErrorFacts = ended.how === 'error' ? ended.error : { code: 'io', message: failure ?? FULL };
  return { ...job, state, error: withRemedy(error), endedAt: now };
}

/** A job that is at work or at its end, where what it tells cannot be written. */
export const unableToWrite = (job: Job): Job => ({
  ...job,
  progress: { ...job.progress, note: `${FULL}, so nothing of this can be stored now; free some space` },
});
