import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { AT_WORK, endAttempt, openJobs, OVER, readJob, readJobs } from '../catalog/jobs.ts';
import type { Catalog, Change } from '../catalog/open.ts';
import type { Job, JobState } from '../protocol/jobs.ts';
import { clearJob, jobFolder } from './folders.ts';
import { setState } from './state.ts';

/** What a job becomes that was at work when its daemon died: as it was asked to be, or back into the queue. */
const AFTER: Partial<Record<JobState, JobState>> = { running: 'queued', pausing: 'paused', cancelling: 'cancelled' };

/** A job that was at work in so many ends of the daemon, one after the other, may be what ends it: it waits to be resumed. */
export const MOST_LOST = 10;

/** Takes up what a daemon left that died: its attempts are lost, its jobs go on. The jobs that changed. */
export function recover(catalog: Catalog): Promise<Job[]> {
  return catalog.change(async (change: Change) => {
    const left = (await openJobs(change.db)).filter(({ state }) => AT_WORK.includes(state));
    const jobs: Job[] = [];
    for (const { id, state } of left) {
      const job = await readJob(change.db, id);
      const { attempts } = job;
      const kept = attempts.findLastIndex(({ outcome, endedAt }) => endedAt !== null && outcome !== 'lost');
      const times = attempts.length - 1 - kept; // with the one that ends now
      const tired = times >= MOST_LOST;
      const what = 'the daemon or the machine ended while it ran';
      const reason = tired ? `${what}, ${times} times in a row: it waits until it is resumed` : what;
      await endAttempt(change.db, id, 'lost', reason, change.now);
      const after = tired && state === 'running' ? 'paused' : (AFTER[state] ?? 'queued');
      jobs.push(await setState(change, job, after));
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
