import { listJobs, readJobs } from '../catalog/jobs.ts';
import type { Db } from '../catalog/open.ts';
import type { Topic } from '../protocol/events.ts';
import { isOver, JOB_STATES } from '../protocol/jobStates.ts';
import type { Job, JobState } from '../protocol/jobs.ts';
import type { Limits } from './limits.ts';

const NOT_OVER = (Object.keys(JOB_STATES) as JobState[]).filter((state) => !isOver(state));

/**
 * The present state of the jobs of some topics, serialised: the jobs that are named, and for 'jobs' all that are not over and then
 * the newest, as many as the limits allow.
 */
export async function latestJobs(db: Db, topics: readonly Topic[], limits: Limits): Promise<string[]> {
  const named = topics.filter((topic) => topic.startsWith('job/')).map((topic) => Number(topic.slice('job/'.length)));
  const jobs = await readJobs(db, named);
  if (topics.includes('jobs')) {
    for (const states of [NOT_OVER, undefined])
      jobs.push(...(await listJobs(db, { states, limit: limits.skippedJobs })).items);
  }
  return withinLimits(jobs, limits);
}

function withinLimits(jobs: readonly Job[], limits: Limits): string[] {
  const found = new Map<number, string>();
  let characters = 0;
  for (const job of jobs) {
    if (found.has(job.id)) continue;
    const text = JSON.stringify(job);
    characters += text.length;
    if (found.size >= limits.skippedJobs || (found.size > 0 && characters > limits.skippedCharacters)) break;
    found.set(job.id, text);
  }
  return [...found.values()];
}
