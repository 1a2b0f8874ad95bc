import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { AT_WORK, endAttempt, openJobs, OVER, readJob, readJobs } from '../catalog/jobs.ts';
import type { Catalog, Change } from '../catalog/open.ts';
import type { Job, JobState } from '../protocol/jobs.ts';
import { clearJob, jobFolder } from './folders.ts';
import { setState } from './state.ts';

/** What a job becomes that was at work when its daemon died: as it was asked to be, or back into the queue. */
const AFTER: Partial<Record<JobState, JobState>> = { running: 'queued', pausing: 'paused', cancelling: 'cancelled' };

/** Takes up what a daemon left that died: its attempts are lost, its jobs go on. The jobs that changed. */
export function recover(catalog: Catalog): Promise<Job[]> {
  return catalog.change(async (change: Change) => {
    const left = (await openJobs(change.db)).filter(({ state }) => AT_WORK.includes(state));
    const jobs: Job[] = [];
    for (const { id, state } of left) {
      await endAttempt(change.db, id, 'lost', 'the daemon or the machine ended while it ran', change.now);
      jobs.push(await setState(change, await readJob(change.db, id), AFTER[state] ?? 'queued'));
    }
    return jobs;
  });
}

/** Removes what jobs that are over had kept between their attempts. */
export async function clearLeftovers(catalog: Catalog): Promise<void> {
  const folder = dirname(jobFolder(0));
  if (!existsSync(folder)) return;
  const ids = readdirSync(folder)
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0);
  for (const job of await readJobs(catalog.db, ids)) if (OVER.includes(job.state)) clearJob(job.id, job.spec);
}
