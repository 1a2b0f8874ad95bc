import { existsSync, rmSync } from 'node:fs';
import type { z } from 'zod';
import { adapterName, findAdapter } from '../catalog/adapters.ts';
import { insertJob, jobWithKey, readJob, refuseMissingJobs, updateJob } from '../catalog/jobs.ts';
import type { Change } from '../catalog/open.ts';
import { ensureUser, findProject, findUser, projectOfFolder } from '../catalog/owners.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Job, JobSpec, submit as submitMethod } from '../protocol/jobs.ts';
import { firstProblem } from '../protocol/problem.ts';
import { jobFolder } from './folders.ts';
import type { AnyKind } from './kinds/kind.ts';
import { kindNamed } from './kinds/registry.ts';

export type Submission = Omit<z.output<(typeof submitMethod)['params']>, 'hubToken'>;

/**
 * A spec as its kind has it. Refuses what could never run, before anything is written. `needs`: a job that comes first may yet
 * make what is read. Throws VeraError 'usage', 'data' or 'adapter'.
 */
export function checkSpec(given: JobSpec, needs: readonly number[] = []): JobSpec {
  const kind = kindNamed(given.kind);
  const parsed = kind.spec.safeParse(given);
  if (!parsed.success) throw new VeraError('usage', firstProblem(parsed.error, 'spec'));
  kind.check?.(parsed.data, { isMissing: (path) => needs.length === 0 && !existsSync(path) });
  return parsed.data;
}

/**
 * Puts a job whose spec was checked into the queue, with what its kind has in the catalog beside it. A known key gives the job
 * that was first submitted with it.
 */
export async function submitJob(change: Change, submission: Submission, actor: string): Promise<Job> {
  const { db, now } = change;
  const { spec, needs, key, priority } = submission;
  const kind = kindNamed(spec.kind);
  const known = key === undefined ? undefined : await jobWithKey(db, key);
  if (known !== undefined) return readJob(db, known);
  const userId = submission.user === undefined ? await ensureUser(change) : await findUser(db, submission.user);
  const projectId = await projectOf(change, submission, actor);
  await refuseMissingJobs(db, needs);
  const fixed = await fixAdapters(change, kind, submission, { userId, projectId });
  const named = fixed['adapter'] ?? (fixed['adapters'] as unknown[] | undefined)?.[0];
  const title = kind.title(fixed, typeof named === 'number' ? await adapterName(db, named) : undefined);
  const id = await insertJob(
    db,
    { ...{ kind: kind.name, title, priority, spec: fixed, userId, projectId }, ...{ key, needs } },
    now,
  );
  rmSync(jobFolder(id), { recursive: true, force: true }); // of a job that had this number in an earlier catalog
  const complete = await kind.submitted?.(change, { id, spec: fixed, userId, projectId, actor });
  if (complete !== undefined) await updateJob(db, id, { spec: complete });
  const job = await readJob(db, id);
  change.emit({ type: 'job', job });
  change.audit({ actor, action: 'submit', kind: 'job', subject: id, details: { title: job.title } });
  return job;
}

async function projectOf(
  change: Change,
  { project, workspace }: Omit<Submission, 'spec'>,
  actor: string,
): Promise<number | null> {
  if (project !== undefined) return findProject(change.db, project);
  return workspace === undefined ? null : projectOfFolder(change, workspace, actor);
}

/** Names of adapters become numbers, so that renaming one changes no job. What another job is yet to make stays a name. */
async function fixAdapters(
  { db }: Change,
  { adapters }: AnyKind,
  { spec, needs }: Submission,
  { userId, projectId }: { userId: number; projectId: number | null },
): Promise<JobSpec> {
  const fixed = { ...spec };
  const fix = async (adapter: number | string): Promise<number | string> => {
    try {
      return await findAdapter(db, { adapter, project: projectId ?? undefined }, userId);
    } catch (error) {
      if (needs.length === 0 || !(error instanceof VeraError) || error.code !== 'missing') throw error;
      return adapter;
    }
  };
  for (const field of adapters) {
    const named = spec[field] as number | string | (number | string)[] | undefined;
    if (Array.isArray(named)) fixed[field] = await Promise.all(named.map(fix));
    else if (named !== undefined) fixed[field] = await fix(named);
  }
  return fixed;
}
