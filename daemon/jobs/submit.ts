import { existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { z } from 'zod';
import { insertJob, jobWithKey, OVER, readJob, updateJob } from '../catalog/jobs.ts';
import { missing } from '../catalog/names.ts';
import type { Change } from '../catalog/open.ts';
import type { Db } from '../catalog/schema.ts';
import { ensureUser, findProject, findUser, projectOfFolder } from '../catalog/owners.ts';
import { createRun, describeRun } from '../catalog/runs.ts';
import { findAdapter } from '../catalog/adapters.ts';
import { quote } from '../formats/quote.ts';
import { runsFolder } from '../home.ts';
import { METHODS } from '../methods/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Job, JobSpec, submit as submitMethod } from '../protocol/jobs.ts';
import { refuseOccupied } from '../train/folder.ts';
import { jobFolder } from './folders.ts';
import { exportOptions, plainTask, settingsOf } from './task.ts';

export type Submission = z.output<(typeof submitMethod)['params']>;

/**
 * Refuses what could never run, before anything is written. `needs`: a job that comes first may yet make what is read.
 * Throws VeraError 'usage', 'data' or 'adapter'.
 */
export function checkSpec(spec: JobSpec, needs: readonly number[] = []): void {
  const wrong = (message: string): never => {
    throw new VeraError('usage', message);
  };
  if ('adapter' in spec && spec.adapter !== undefined && spec.adapterDir !== undefined)
    wrong('give adapter (of the catalog) or adapterDir (a folder), not both');
  if ((spec.kind === 'merge' || spec.kind === 'export') && spec.adapter === undefined && spec.adapterDir === undefined)
    wrong('say which adapter: give adapter, or adapterDir');
  if (
    spec.kind === 'evaluate' &&
    spec.base === undefined &&
    spec.adapter === undefined &&
    spec.adapterDir === undefined
  )
    wrong('say what to measure: give base, adapter or adapterDir');
  const data = spec.kind === 'evaluate' ? spec.data : spec.kind === 'train' ? spec.settings.data : undefined;
  const isMissing = (path: string): boolean => needs.length === 0 && !existsSync(path);
  if (data !== undefined && isMissing(data)) throw new VeraError('data', `${quote(data)} is not there`);
  for (const dir of [spec.kind === 'import' ? spec.dir : undefined, 'adapterDir' in spec ? spec.adapterDir : undefined])
    if (dir !== undefined && isMissing(join(dir, 'adapter_config.json')))
      throw new VeraError('adapter', `${quote(dir)} is no adapter: it has no adapter_config.json`);
  if (spec.kind === 'evaluate') plainTask(spec, undefined);
  if (spec.kind === 'export') exportOptions(spec);
  if (spec.kind !== 'train') return;
  if (spec.resume && spec.settings.out === undefined) wrong('resume goes on with a run in a folder: give settings.out');
  settingsOf(spec, spec.settings.out ?? runsFolder());
  if (spec.settings.out !== undefined && !spec.resume) refuseOccupied(spec.settings.out);
}

/** Puts a job into the queue, with its run where it trains; a known key gives the job it was first submitted with. */
export async function submitJob(change: Change, { spec, ...given }: Submission, actor: string): Promise<Job> {
  const { db, now } = change;
  const known = given.key === undefined ? undefined : await jobWithKey(db, given.key);
  if (known !== undefined) return readJob(db, known);
  const userId = given.user === undefined ? await ensureUser(change) : await findUser(db, given.user);
  const projectId = await projectOf(change, given, actor);
  for (const needed of given.needs)
    if (!(await db.selectFrom('job').select('id').where('id', '=', needed).executeTakeFirst()))
      throw missing('job', needed);
  const fixed = await fixReferences(change, spec, given.needs, userId, projectId);
  const id = await insertJob(
    db,
    {
      ...{
        kind: spec.kind,
        title: titleOf(spec, await nameOf(db, fixed)),
        priority: given.priority,
        spec: fixed,
        userId,
        projectId,
      },
      ...{ key: given.key, needs: given.needs },
    },
    now,
  );
  rmSync(jobFolder(id), { recursive: true, force: true }); // of a job that had this number in an earlier catalog
  if (fixed.kind === 'train') await addRun(change, id, fixed, { userId, projectId, actor });
  const job = await readJob(db, id);
  change.emit({ type: 'job', job });
  change.audit({ actor, action: 'submit', kind: 'job', subject: id, details: { title: job.title } });
  return job;
}

async function addRun(
  change: Change,
  id: number,
  spec: Extract<JobSpec, { kind: 'train' }>,
  owner: { userId: number; projectId: number | null; actor: string },
): Promise<void> {
  const { db } = change;
  const given = spec.settings.out;
  if (given !== undefined) await refuseSameFolder(change, given);
  const run = await createRun(change, { jobId: id, ...owner, settings: {}, out: given ?? '' });
  const out = given ?? freshFolder(run);
  await describeRun(change, run, { settings: settingsOf(spec, out), out });
  if (given === undefined) await updateJob(db, id, { spec: { ...spec, settings: { ...spec.settings, out } } });
}

/** Two runs in one folder would write each other's checkpoints. */
async function refuseSameFolder({ db }: Change, out: string): Promise<void> {
  const other = await db
    .selectFrom('run')
    .innerJoin('job', 'job.id', 'run.job_id')
    .select('job.id')
    .where('run.out', '=', out)
    .where('job.state', 'not in', [...OVER])
    .executeTakeFirst();
  if (other)
    throw new VeraError(
      'conflict',
      `job ${other.id} trains in ${quote(out)}: choose another folder, or cancel it first`,
    );
}

function freshFolder(run: number): string {
  for (let i = 1; ; i++) {
    const folder = join(runsFolder(), i === 1 ? String(run) : `${run}-${i}`);
    if (!existsSync(folder)) return folder;
  }
}

async function projectOf(
  change: Change,
  { project, workspace }: Omit<Submission, 'spec'>,
  actor: string,
): Promise<number | null> {
  if (project !== undefined) return findProject(change.db, project);
  return workspace === undefined ? null : projectOfFolder(change, workspace, actor);
}

/** Names of adapters become numbers, so that renaming one changes no job; what another job is yet to make stays a name. */
async function fixReferences(
  { db }: Change,
  spec: JobSpec,
  needs: readonly number[],
  userId: number,
  projectId: number | null,
): Promise<JobSpec> {
  const project = projectId ?? undefined;
  const find = async <T extends number | string>(ref: T): Promise<T | number> =>
    findAdapter(db, { adapter: ref, project }, userId).catch((error: unknown) => {
      if (needs.length > 0 && error instanceof VeraError && error.code === 'missing') return ref;
      throw error;
    });
  if (spec.kind === 'train') return spec.parent === undefined ? spec : { ...spec, parent: await find(spec.parent) };
  if (!('adapter' in spec) || spec.adapter === undefined) return spec;
  return { ...spec, adapter: await find(spec.adapter) };
}

/** The name of the adapter that a job is given by number. */
async function nameOf(db: Db, spec: JobSpec): Promise<string | undefined> {
  if (!('adapter' in spec) || typeof spec.adapter !== 'number') return undefined;
  return (await db.selectFrom('adapter').select('name').where('id', '=', spec.adapter).executeTakeFirst())?.name;
}

/** 'VeRA', 'LoRA', 'all weights': what a training job trains. */
function methodTitle(name: unknown): string {
  const { label, adapts } = METHODS.find((method) => method.name === name) ?? METHODS[0]!;
  return adapts === 'all' ? 'all weights' : label;
}

/** What a job does, for people; `name`: of its adapter. */
function titleOf(spec: JobSpec, name?: string): string {
  const adapter = (): string =>
    'adapter' in spec && spec.adapter !== undefined
      ? (name ?? String(spec.adapter))
      : 'adapterDir' in spec && spec.adapterDir !== undefined
        ? basename(spec.adapterDir)
        : 'the base';
  switch (spec.kind) {
    case 'train': {
      const as = spec.name === undefined ? '' : ` as ${spec.name}`;
      return `Train ${methodTitle(spec.settings['method'])} on ${basename(spec.settings.data)}${as}`;
    }
    case 'evaluate':
      return `Evaluate ${adapter()} on ${basename(spec.data)}`;
    case 'merge':
      return `Merge ${adapter()} into ${basename(spec.out)}`;
    case 'export':
      return `Export ${adapter()} as ${spec.format}`;
    case 'import':
      return `Import ${basename(spec.dir)}`;
    case 'download':
      return `Fetch ${spec.base}`;
  }
}
