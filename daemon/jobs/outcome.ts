import { updateJob } from '../catalog/jobs.ts';
import type { Change } from '../catalog/open.ts';
import type { Job } from '../protocol/jobs.ts';
import { kindNamed } from './kinds/registry.ts';
import type { Outcome } from './messages.ts';

/** Writes what a job has made, with its result: what its kind writes and the job become true together. */
export async function commitOutcome(change: Change, job: Job, outcome: Outcome): Promise<void> {
  const more = await kindNamed(job.kind).commit?.(change, job, outcome);
  await updateJob(change.db, job.id, { result: { ...more, ...outcome.result }, error: null });
}
