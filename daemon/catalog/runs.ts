import type { z } from 'zod';
import { VeraError } from '../protocol/errors.ts';
import type { AdapterRow } from '../protocol/adapters.ts';
import type * as protocol from '../protocol/runs.ts';
import type { RunRow } from '../protocol/runs.ts';
import { OVER } from '../protocol/jobStates.ts';
import { verdictOfReport } from '../protocol/verdict.ts';
import { readAdapters } from './adapterRows.ts';
import { baseName } from '../protocol/baseName.ts';
import type { Change } from './change.ts';
import { ensureBase } from './content.ts';
import type { Base } from './content.ts';
import { dependentsOfRun } from './dependents.ts';
import type { Dependent } from './dependents.ts';
import { missing } from './names.ts';
import { findProject, findUser } from './owners.ts';
import { keysOf, pageOf } from './pages.ts';
import type { Page } from './pages.ts';
import { ensureDataset } from './records.ts';
import type { DatasetFacts } from './records.ts';
import type { Db } from './schema.ts';
import { intoTrash, outOfTrash, purgedAt, refuseDependents } from './trash.ts';

type Params<M extends { params: z.ZodType }> = z.output<M['params']>;

/** What a run is begun with. */
export interface NewRun {
  readonly jobId: number | null;
  readonly userId: number;
  readonly projectId: number | null;
  /** Every setting, complete. */
  readonly settings: object;
  /** Folder with its checkpoints. */
  readonly out: string;
  readonly actor: string;
}

/** What is learned of a run when its worker has opened base and data. */
export interface RunFacts {
  readonly base?: Base | undefined;
  readonly dataset?: DatasetFacts | undefined;
  readonly steps?: number | undefined;
  readonly settings?: object | undefined;
  readonly out?: string | undefined;
}

/** Begins a run; returns its number. */
export async function createRun(change: Change, run: NewRun): Promise<number> {
  const { insertId } = await change.db
    .insertInto('run')
    .values({
      job_id: run.jobId,
      state: 'running',
      user_id: run.userId,
      project_id: run.projectId,
      base_id: null,
      dataset_id: null,
      settings: JSON.stringify(run.settings),
      out: run.out,
      steps: null,
      train_loss: null,
      held_out_loss: null,
      base_held_out_loss: null,
      report: null,
      created_at: change.now,
      ended_at: null,
      deleted_at: null,
    })
    .executeTakeFirst();
  const id = Number(insertId);
  change.emit({ type: 'catalog', change: 'created', kind: 'run', id, name: null });
  change.audit({ actor: run.actor, action: 'create', kind: 'run', subject: id, details: { job: run.jobId } });
  return id;
}

/** Adds what is now known of a run. Returns the numbers of its base and dataset. */
export async function describeRun(
  change: Change,
  id: number,
  facts: RunFacts,
): Promise<{ baseId: number | undefined; datasetId: number | undefined }> {
  const baseId = facts.base && (await ensureBase(change, facts.base));
  const datasetId = facts.dataset && (await ensureDataset(change, facts.dataset));
  const values = {
    ...(baseId === undefined ? {} : { base_id: baseId }),
    ...(datasetId === undefined ? {} : { dataset_id: datasetId }),
    ...(facts.steps === undefined ? {} : { steps: facts.steps }),
    ...(facts.settings === undefined ? {} : { settings: JSON.stringify(facts.settings) }),
    ...(facts.out === undefined ? {} : { out: facts.out }),
  };
  if (Object.keys(values).length > 0) await change.db.updateTable('run').set(values).where('id', '=', id).execute();
  return { baseId, datasetId };
}

/** How far a run is; no event of its own, since the job's tells it. */
export async function runProgress(
  change: Change,
  id: number,
  progress: { step: number; steps?: number },
): Promise<void> {
  await change.db.updateTable('run').set(progress).where('id', '=', id).execute();
}

export interface RunEnd {
  readonly state: 'succeeded' | 'failed' | 'cancelled';
  readonly step?: number | undefined;
  readonly trainLoss?: number | null | undefined;
  readonly heldOutLoss?: number | null | undefined;
  readonly baseHeldOutLoss?: number | null | undefined;
  readonly report?: object | null | undefined;
}

/** Ends a run as its job ended. */
export async function finishRun(change: Change, id: number, end: RunEnd): Promise<void> {
  const figure = (value: number | null | undefined) => (Number.isFinite(value) ? value! : null);
  await change.db
    .updateTable('run')
    .set({
      state: end.state,
      ended_at: change.now,
      ...(end.step === undefined ? {} : { step: end.step }),
      ...(end.trainLoss === undefined ? {} : { train_loss: figure(end.trainLoss) }),
      ...(end.heldOutLoss === undefined ? {} : { held_out_loss: figure(end.heldOutLoss) }),
      ...(end.baseHeldOutLoss === undefined ? {} : { base_held_out_loss: figure(end.baseHeldOutLoss) }),
      ...(end.report == null ? {} : { report: JSON.stringify(end.report) }),
    })
    .where('id', '=', id)
    .execute();
  change.emit({ type: 'catalog', change: 'changed', kind: 'run', id, name: null });
}

/** Marks a run as running again: its job was resumed or tried again. */
export async function reopenRun(change: Change, id: number): Promise<void> {
  await change.db.updateTable('run').set({ state: 'running', ended_at: null }).where('id', '=', id).execute();
}

/** The job that is not over and has its run in a folder. */
export async function jobTrainingIn(db: Db, out: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('run')
    .innerJoin('job', 'job.id', 'run.job_id')
    .select('job.id')
    .where('run.out', '=', out)
    .where('job.state', 'not in', [...OVER])
    .executeTakeFirst();
  return row?.id;
}

const selectRuns = (db: Db) =>
  db
    .selectFrom('run')
    .innerJoin('user', 'user.id', 'run.user_id')
    .leftJoin('project', (join) => join.onRef('project.id', '=', 'run.project_id').on('project.deleted_at', 'is', null))
    .leftJoin('base_model as base', 'base.id', 'run.base_id')
    .leftJoin('dataset', 'dataset.id', 'run.dataset_id')
    .selectAll('run')
    .select(['user.name as user', 'project.name as project', 'base.spec as baseSpec'])
    .select(['dataset.path as datasetPath', 'dataset.hash as datasetHash'])
    .select((eb) =>
      eb
        .selectFrom('adapter')
        .select((inner) => inner.fn.max('adapter.id').as('id'))
        .whereRef('adapter.run_id', '=', 'run.id')
        .where('adapter.deleted_at', 'is', null)
        .as('adapter'),
    );

type Row = Awaited<ReturnType<ReturnType<typeof selectRuns>['execute']>>[number];

const showRun = (row: Row): RunRow => {
  const report = row.report === null ? null : (JSON.parse(row.report) as RunRow['report']);
  return {
    id: row.id,
    job: row.job_id,
    state: row.state as RunRow['state'],
    user: row.user,
    project: row.project,
    base: row.base_id === null ? null : { id: row.base_id, name: baseName(row.baseSpec!) },
    dataset: row.dataset_id === null ? null : { id: row.dataset_id, path: row.datasetPath!, hash: row.datasetHash! },
    settings: JSON.parse(row.settings) as RunRow['settings'],
    out: row.out,
    step: row.step,
    steps: row.steps,
    trainLoss: row.train_loss,
    heldOutLoss: row.held_out_loss,
    baseHeldOutLoss: row.base_held_out_loss,
    report,
    adapter: row.adapter,
    verdict: verdictOfReport(report) ?? null,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    deletedAt: row.deleted_at,
  };
};

/** Runs, the newest first. */
export async function listRuns(db: Db, params: Params<typeof protocol.list>): Promise<Page<RunRow>> {
  const from = keysOf(params.after, ['number']);
  let query = selectRuns(db)
    .where('run.deleted_at', params.deleted ? 'is not' : 'is', null)
    .orderBy('run.id', 'desc')
    .limit(params.limit + 1);
  if (from) query = query.where('run.id', '<', from[0]);
  if (params.project !== undefined) query = query.where('run.project_id', '=', await findProject(db, params.project));
  if (params.out !== undefined) query = query.where('run.out', '=', params.out);
  if (params.user !== undefined) query = query.where('run.user_id', '=', await findUser(db, params.user));
  return pageOf(await query.execute(), params.limit, showRun, (row) => [row.id]);
}

export async function readRun(db: Db, id: number): Promise<RunRow> {
  const row = await selectRuns(db).where('run.id', '=', id).executeTakeFirst();
  if (!row) throw missing('run', id);
  return showRun(row);
}

/** The run that an adapter of this number came from; undefined if it was imported, or its run is gone. */
export async function runOfAdapter(db: Db, adapter: number): Promise<RunRow | undefined> {
  const row = await selectRuns(db)
    .where('run.id', '=', (eb) => eb.selectFrom('adapter as made').select('made.run_id').where('made.id', '=', adapter))
    .executeTakeFirst();
  return row && showRun(row);
}

/** One run, with its adapter. */
export async function getRun(db: Db, id: number): Promise<{ run: RunRow; adapter: AdapterRow | null }> {
  const run = await readRun(db, id);
  if (run.adapter === null) return { run, adapter: null };
  const [adapter] = await readAdapters(db, (query) => query.where('adapter.id', '=', run.adapter!));
  return { run, adapter: adapter ?? null };
}

/** Puts a run into the trash; its files stay where they are. A run that is under way is refused ('conflict'). */
export async function deleteRun(
  change: Change,
  { run: id, confirm }: Params<typeof protocol.remove>,
  actor: string,
): Promise<{ run: RunRow; dependents: Dependent[]; purgedAt: number }> {
  const { db, now } = change;
  const before = await readRun(db, id);
  if (before.deletedAt !== null) throw new VeraError('conflict', `run ${id} is in the trash already`);
  if (before.state === 'running')
    throw new VeraError(
      'conflict',
      `run ${id} is under way${before.job === null ? '' : `: cancel job ${before.job} first`}`,
    );
  const dependents = await dependentsOfRun(db, id);
  refuseDependents(`run ${id}`, dependents, confirm);
  await db.updateTable('run').set({ deleted_at: now }).where('id', '=', id).execute();
  await intoTrash(change, 'run', id);
  change.emit({ type: 'catalog', change: 'deleted', kind: 'run', id, name: null });
  change.audit({ actor, action: 'delete', kind: 'run', subject: id });
  return { run: await readRun(db, id), dependents, purgedAt: purgedAt(now) };
}

/** Takes a run out of the trash. */
export async function restoreRun(change: Change, id: number, actor: string): Promise<RunRow> {
  const before = await readRun(change.db, id);
  if (before.deletedAt === null) throw new VeraError('conflict', `run ${id} is not in the trash`);
  await change.db.updateTable('run').set({ deleted_at: null }).where('id', '=', id).execute();
  await outOfTrash(change, 'run', id);
  change.emit({ type: 'catalog', change: 'restored', kind: 'run', id, name: null });
  change.audit({ actor, action: 'restore', kind: 'run', subject: id });
  return readRun(change.db, id);
}
