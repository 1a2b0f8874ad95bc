import { beginAttempt, crashesOf, endAttempt, readJob, updateJob } from '../catalog/jobs.ts';
import type { Change } from '../catalog/open.ts';
import type { ErrorFacts } from '../protocol/errors.ts';
import type { Attempt, Job, JobState } from '../protocol/jobs.ts';
import { commitOutcome } from './outcome.ts';
import { setState } from './state.ts';
import type { Ended } from './workerProcess.ts';

/** What is known of an attempt beside how its worker ended. */
export interface AttemptFacts {
  /** A checkpoint was written in it. */
  readonly movedOn: boolean;
  /** The daemon is being stopped. */
  readonly stopping: boolean;
  /** Crashes in a row, without a newer checkpoint between, that end a job. */
  readonly maxCrashes: number;
}

/** Ends an attempt as its worker ended, and decides what becomes of the job. */
export async function settle(change: Change, id: number, ended: Ended, facts: AttemptFacts): Promise<Job> {
  const { db, now } = change;
  const job = await readJob(db, id);
  // A worker that failed while it was being estimated has had its attempt.
  if (job.state === 'queued') await beginAttempt(db, id, now);
  const over = async (
    outcome: NonNullable<Attempt['outcome']>,
    reason: string | null,
    state: JobState,
  ): Promise<Job> => {
    await endAttempt(db, id, outcome, reason, now);
    return setState(change, job, state);
  };
  const fail = async (outcome: 'failed' | 'crashed', reason: string, error: ErrorFacts): Promise<Job> => {
    await endAttempt(db, id, outcome, reason, now);
    return setState(change, job, 'failed', { error });
  };
  if (job.state === 'cancelling') return over('cancelled', 'it was cancelled', 'cancelled');
  switch (ended.how) {
    case 'done': {
      await commitOutcome(change, job, ended.outcome);
      await updateJob(db, id, { crashes: 0, progress: { ...job.progress, fraction: 1 } });
      return over('succeeded', null, 'succeeded');
    }
    case 'error':
      return fail('failed', ended.error.message, ended.error);
    case 'stopped': {
      if (job.state === 'pausing') return over('paused', 'it was paused', 'paused');
      const reason = facts.stopping ? 'the daemon was stopped' : 'its process was asked to end';
      return over('paused', `${reason}; it goes on from there`, 'queued');
    }
    case 'crashed': {
      if (job.state === 'pausing') return over('crashed', ended.reason, 'paused');
      if (facts.stopping) return over('lost', 'the daemon was stopped while it ran', 'queued');
      const count = facts.movedOn ? 1 : (await crashesOf(db, id)) + 1;
      await updateJob(db, id, { crashes: count });
      if (count < facts.maxCrashes) return over('crashed', ended.reason, 'queued');
      const times = count === 1 ? 'once' : `${count} times without getting further`;
      const message = `its worker ended unexpectedly ${times}: ${ended.reason}; see the log, and retry the job when the cause is gone`;
      return fail('crashed', ended.reason, { code: 'runtime', message });
    }
  }
}

/** What becomes of an attempt whose success cannot be written, a name that is not allowed, say. */
export async function settleFailed(change: Change, id: number, error: ErrorFacts): Promise<Job> {
  const job = await readJob(change.db, id);
  await endAttempt(change.db, id, 'failed', error.message, change.now);
  return setState(change, job, 'failed', { error });
}
