import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { endAttempt, openJobs, readJob, readJobs } from '../catalog/jobs.ts';
import type { Catalog, Change } from '../catalog/open.ts';
import type { Job } from '../protocol/jobs.ts';
import { AT_WORK, OVER } from '../protocol/jobStates.ts';
import { clearJob, jobFolder } from './folders.ts';
import { setState } from './state.ts';
import { afterLoss } from './states.ts';

/** Ends the attempts that a daemon left when it died; their jobs continue. Returns the jobs that changed. */
export function recover(catalog: Catalog): Promise<Job[]> {
  return catalog.change(async (change: Change) => {
    const jobs: Job[] = [];
    const left = (await openJobs(change.db)).filter(({ state }) => AT_WORK.includes(state));
    for (const { id } of left) {
      const job = await readJob(change.db, id);
      const { attempts } = job;
      const kept = attempts.findLastIndex(({ outcome, endedAt }) => endedAt !== null && outcome !== 'lost');
      const lost = attempts.length - 1 - kept; // with the one that ends now
      const after = afterLoss(job.state, lost);
      if (after === undefined) continue;
      await endAttempt(change.db, id, after.outcome, after.reason, change.now);
      jobs.push(await setState(change, job, after.state));
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
