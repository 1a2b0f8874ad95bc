import { beginAttempt, crashesOf, endAttempt, readJob, updateJob } from '../catalog/jobs.ts';
import type { Change } from '../catalog/open.ts';
import type { ErrorFacts } from '../protocol/errors.ts';
import type { Job } from '../protocol/jobs.ts';
import { withRemedy } from './fullDisk.ts';
import { commitOutcome } from './outcome.ts';
import { setState } from './state.ts';
import { afterEnd, type AttemptFacts, type EndOfWorker } from './states.ts';
import type { Ended } from './workerProcess.ts';

/** Writes how an attempt ended and what becomes of its job. `movedOn`: a checkpoint was written in it. */
export async function settle(
  change: Change,
  id: number,
  ended: Ended,
  { movedOn, ...given }: Omit<AttemptFacts, 'crashes'> & { readonly movedOn: boolean },
): Promise<Job> {
  const { db, now } = change;
  const job = await readJob(db, id);
  // A worker that failed while it made the plan has had its attempt.
  if (job.state === 'queued') await beginAttempt(db, id, now);
  const crashes = movedOn ? 1 : (await crashesOf(db, id)) + 1;
  const { state, outcome, reason, failure } = afterEnd(job.state, endOf(ended), { ...given, crashes });
  if (state === 'succeeded' && ended.how === 'done') {
    await commitOutcome(change, job, ended.outcome);
    await updateJob(db, id, { crashes: 0, progress: { ...job.progress, fraction: 1 } });
  }
  // A crash that the daemon or a person brought about does not count.
  if (outcome === 'crashed' && state !== 'paused') await updateJob(db, id, { crashes });
  await endAttempt(db, id, outcome, reason, now);
  if (failure !== undefined) return setState(change, job, state, { error: { code: 'runtime', message: failure } });
  return setState(
    change,
    job,
    state,
    state === 'failed' && ended.how === 'error' ? { error: withRemedy(ended.error) } : {},
  );
}

export const endOf = (ended: Ended): EndOfWorker =>
  ended.how === 'error' ? { how: 'error', message: ended.error.message } : ended;

/** Fails an attempt whose success cannot be written: the name of its adapter is not allowed, say. */
export async function settleFailed(change: Change, id: number, error: ErrorFacts): Promise<Job> {
  const job = await readJob(change.db, id);
  await endAttempt(change.db, id, 'failed', error.message, change.now);
  return setState(change, job, 'failed', { error });
}
