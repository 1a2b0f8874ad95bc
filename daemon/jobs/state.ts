import { type JobChange, readJob, updateJob } from '../catalog/jobs.ts';
import type { Change } from '../catalog/open.ts';
import { finishRun, reopenRun } from '../catalog/runs.ts';
import type { Job, JobState } from '../protocol/jobs.ts';
import { OVER } from '../protocol/jobStates.ts';

/** Changes the state of a job and its run, and emits the job's event. Returns the changed job. */
export async function setState(change: Change, before: Job, state: JobState, more: JobChange = {}): Promise<Job> {
  const over = OVER.includes(state);
  await updateJob(change.db, before.id, {
    ...{ state, waitingFor: null, endedAt: over ? change.now : null },
    ...(over || state === 'running' ? {} : { error: null }),
    ...more,
  });
  if (before.run !== null) {
    // The job's kind writes the success of a run, with its figures.
    if (state === 'failed' || state === 'cancelled') await finishRun(change, before.run, { state });
    if (OVER.includes(before.state) && !over) await reopenRun(change, before.run);
  }
  return emitJob(change, before.id);
}

/** Emits a job's event. Returns the job. */
export async function emitJob(change: Change, id: number): Promise<Job> {
  const job = await readJob(change.db, id);
  change.emit({ type: 'job', job });
  return job;
}
