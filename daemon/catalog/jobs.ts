import type { z } from 'zod';
import type { Attempt, Job, JobSpec, JobState } from '../protocol/jobs.ts';
import type * as protocol from '../protocol/jobs.ts';
import { OVER } from '../protocol/jobStates.ts';
import { missing } from './names.ts';
import { keysOf, pageOf, type Page } from './pages.ts';
import type { Db } from './schema.ts';

export interface NewJob {
  readonly kind: string;
  readonly title: string;
  readonly priority: number;
  readonly spec: JobSpec;
  readonly userId: number;
  readonly projectId: number | null;
  readonly key: string | undefined;
  readonly needs: readonly number[];
}

/** Puts a job into the queue; returns its number. Call it in a change. */
export async function insertJob(db: Db, job: NewJob, now: number): Promise<number> {
  const { insertId } = await db
    .insertInto('job')
    .values({
      ...{ kind: job.kind, state: 'queued', title: job.title, priority: job.priority, spec: JSON.stringify(job.spec) },
      ...{ user_id: job.userId, project_id: job.projectId, submission_key: job.key ?? null, waiting_for: null },
      ...{ memory_bytes: null, result: null, error: null, created_at: now, started_at: null, ended_at: null },
    })
    .executeTakeFirst();
  const id = Number(insertId);
  const needs = [...new Set(job.needs)].map((needed) => ({ job_id: id, needs_id: needed }));
  if (needs.length > 0) await db.insertInto('job_need').values(needs).execute();
  return id;
}

/** What of a job can change; JSON as objects. */
export interface JobChange {
  readonly state?: JobState;
  readonly spec?: JobSpec;
  readonly priority?: number;
  readonly waitingFor?: string | null;
  readonly memoryBytes?: number | null;
  readonly progress?: Job['progress'];
  readonly crashes?: number;
  readonly result?: object | null;
  readonly error?: Job['error'];
  readonly startedAt?: number | null;
  readonly endedAt?: number | null;
}

const text = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));

export async function updateJob(db: Db, id: number, change: JobChange): Promise<void> {
  const { state, spec, priority, waitingFor, memoryBytes, progress, crashes, result, error, startedAt, endedAt } =
    change;
  await db
    .updateTable('job')
    .set({
      ...(state === undefined ? {} : { state }),
      ...(spec === undefined ? {} : { spec: JSON.stringify(spec) }),
      ...(priority === undefined ? {} : { priority }),
      ...(waitingFor === undefined ? {} : { waiting_for: waitingFor }),
      ...(memoryBytes === undefined ? {} : { memory_bytes: memoryBytes === null ? null : Math.round(memoryBytes) }),
      ...(progress === undefined ? {} : { progress: JSON.stringify(progress) }),
      ...(crashes === undefined ? {} : { crashes }),
      ...(result === undefined ? {} : { result: text(result) }),
      ...(error === undefined ? {} : { error: text(error) }),
      ...(startedAt === undefined ? {} : { started_at: startedAt }),
      ...(endedAt === undefined ? {} : { ended_at: endedAt }),
    })
    .where('id', '=', id)
    .execute();
}

/** Begins the next attempt of a job; returns its number, counted from 1. */
export async function beginAttempt(db: Db, id: number, now: number): Promise<number> {
  const number = (await attemptsOf(db, [id])).length + 1;
  await db
    .insertInto('attempt')
    .values({ job_id: id, number, started_at: now, ended_at: null, outcome: null, reason: null })
    .execute();
  return number;
}

/** Ends the attempt that is under way; none is fine. */
export async function endAttempt(
  db: Db,
  id: number,
  outcome: NonNullable<Attempt['outcome']>,
  reason: string | null,
  now: number,
): Promise<void> {
  await db
    .updateTable('attempt')
    .set({ ended_at: now, outcome, reason })
    .where('job_id', '=', id)
    .where('ended_at', 'is', null)
    .execute();
}

const selectJobs = (db: Db) =>
  db
    .selectFrom('job')
    .innerJoin('user', 'user.id', 'job.user_id')
    .leftJoin('project', 'project.id', 'job.project_id')
    .leftJoin('run', 'run.job_id', 'job.id')
    .selectAll('job')
    .select(['user.name as user', 'project.name as project', 'run.id as run'])
    .select((eb) =>
      eb
        .selectFrom('adapter')
        .select('adapter.name')
        .whereRef('adapter.run_id', '=', 'run.id')
        .where('adapter.deleted_at', 'is', null)
        .orderBy('adapter.id', 'desc')
        .limit(1)
        .as('adapter'),
    );
type Row = Awaited<ReturnType<ReturnType<typeof selectJobs>['execute']>>[number];

const attemptsOf = (db: Db, ids: readonly number[]) =>
  db.selectFrom('attempt').selectAll().where('job_id', 'in', ids).orderBy('job_id').orderBy('number').execute();

/** Jobs as the protocol shows them. */
async function shown(db: Db, rows: readonly Row[]): Promise<Job[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const attempts = await attemptsOf(db, ids);
  const needs = await db.selectFrom('job_need').selectAll().where('job_id', 'in', ids).orderBy('needs_id').execute();
  const of = <T extends { job_id: number }>(all: readonly T[]): Map<number, T[]> =>
    Map.groupBy(all, (one) => one.job_id);
  const [attemptsBy, needsBy] = [of(attempts), of(needs)];
  return rows.map((row) =>
    show(
      row,
      attemptsBy.get(row.id) ?? [],
      (needsBy.get(row.id) ?? []).map((one) => one.needs_id),
    ),
  );
}

function show(row: Row, attempts: Awaited<ReturnType<typeof attemptsOf>>, needs: number[]): Job {
  const spec = JSON.parse(row.spec) as JobSpec;
  const given = typeof spec['name'] === 'string' ? spec['name'] : null;
  const name = row.run === null ? null : (row.adapter ?? given);
  return {
    ...{
      id: row.id,
      kind: row.kind,
      state: row.state as JobState,
      title: name === null ? row.title : `Train ${name}`,
      priority: row.priority,
    },
    ...{ name, spec, user: row.user, project: row.project, run: row.run, needs },
    ...{ waitingFor: row.waiting_for, memoryBytes: row.memory_bytes },
    progress: JSON.parse(row.progress) as Job['progress'],
    attempts: attempts.map((one) => ({
      ...{ number: one.number, startedAt: one.started_at, endedAt: one.ended_at, reason: one.reason },
      outcome: one.outcome as Attempt['outcome'],
    })),
    result: row.result === null ? null : (JSON.parse(row.result) as Job['result']),
    error: row.error === null ? null : (JSON.parse(row.error) as Job['error']),
    ...{ createdAt: row.created_at, startedAt: row.started_at, endedAt: row.ended_at },
  };
}

/** One job. Throws VeraError 'missing'. */
export async function readJob(db: Db, id: number): Promise<Job> {
  const [job] = await readJobs(db, [id]);
  if (!job) throw missing('job', id);
  return job;
}

/** Jobs by their numbers, in that order; those that are not there are left out. */
export async function readJobs(db: Db, ids: readonly number[]): Promise<Job[]> {
  if (ids.length === 0) return [];
  const jobs = await shown(db, await selectJobs(db).where('job.id', 'in', ids).execute());
  const byId = new Map(jobs.map((job) => [job.id, job]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** Jobs, the newest first. */
export async function listJobs(
  db: Db,
  { states, kinds, limit, after }: z.output<(typeof protocol.list)['params']>,
): Promise<Page<Job>> {
  const from = keysOf(after, ['number']);
  let query = selectJobs(db)
    .orderBy('job.id', 'desc')
    .limit(limit + 1)
    // A run in the trash takes its job out of the list.
    .where('run.deleted_at', 'is', null)
    .where((eb) => eb.or([eb('job.kind', '!=', 'train'), eb('run.id', 'is not', null)]));
  if (from) query = query.where('job.id', '<', from[0]);
  if (states) query = query.where('job.state', 'in', states);
  if (kinds) query = query.where('job.kind', 'in', kinds);
  const { items, next } = pageOf(
    await query.execute(),
    limit,
    (row) => row,
    (row) => [row.id],
  );
  return { items: await shown(db, items), ...(next === undefined ? {} : { next }) };
}

/** Deletes a job; what it made stays. Call it in a change. */
export async function dropJob(db: Db, id: number): Promise<void> {
  await db.deleteFrom('job_need').where('job_id', '=', id).execute();
  await db.deleteFrom('job_need').where('needs_id', '=', id).execute();
  await db.deleteFrom('attempt').where('job_id', '=', id).execute();
  await db.updateTable('export').set({ job_id: null }).where('job_id', '=', id).execute();
  await db.deleteFrom('job').where('id', '=', id).execute();
}

/** What the scheduler looks at of a queued job. */
export interface QueuedJob {
  readonly id: number;
  readonly kind: string;
  readonly memoryBytes: number | null;
  readonly waitingFor: string | null;
  /** Those it needs that have not succeeded. */
  readonly needs: readonly { readonly id: number; readonly state: JobState }[];
}

/** Queued jobs in the order of their turn. */
export async function queuedJobs(db: Db): Promise<QueuedJob[]> {
  const rows = await db
    .selectFrom('job')
    .select(['id', 'kind', 'memory_bytes', 'waiting_for'])
    .where('state', '=', 'queued')
    .orderBy('priority', 'desc')
    .orderBy('id')
    .execute();
  if (rows.length === 0) return [];
  const needs = await db
    .selectFrom('job_need')
    .innerJoin('job as waiting', 'waiting.id', 'job_need.job_id')
    .innerJoin('job as needed', 'needed.id', 'job_need.needs_id')
    .select(['job_need.job_id as job', 'needed.id', 'needed.state'])
    .where('waiting.state', '=', 'queued')
    .where('needed.state', '!=', 'succeeded')
    .orderBy('needed.id')
    .execute();
  const by = Map.groupBy(needs, ({ job }) => job);
  return rows.map((row) => ({
    ...{ id: row.id, kind: row.kind, memoryBytes: row.memory_bytes, waitingFor: row.waiting_for },
    needs: (by.get(row.id) ?? []).map(({ id, state }) => ({ id, state: state as JobState })),
  }));
}

/** Number and state of every job that is not over. */
export async function openJobs(db: Db): Promise<{ id: number; state: JobState }[]> {
  const rows = await db
    .selectFrom('job')
    .select(['id', 'state'])
    .where('state', 'not in', [...OVER])
    .orderBy('id')
    .execute();
  return rows.map(({ id, state }) => ({ id, state: state as JobState }));
}

/** The job of an earlier submission with the same key. */
export async function jobWithKey(db: Db, key: string): Promise<number | undefined> {
  return (await db.selectFrom('job').select('id').where('submission_key', '=', key).executeTakeFirst())?.id;
}

/** How many jobs there are in each state; a state without any is left out. */
export const countJobs = (db: Db): Promise<{ state: string; jobs: number }[]> =>
  db
    .selectFrom('job')
    .select(({ fn }) => ['state', fn.countAll<number>().as('jobs')])
    .groupBy('state')
    .execute();

/** Throws VeraError 'missing' where one of the jobs is not there. */
export async function refuseMissingJobs(db: Db, ids: readonly number[]): Promise<void> {
  for (const id of ids)
    if (!(await db.selectFrom('job').select('id').where('id', '=', id).executeTakeFirst())) throw missing('job', id);
}

/** User and project of a job. */
export async function jobOwner(db: Db, id: number): Promise<{ userId: number; projectId: number | null }> {
  const row = await db.selectFrom('job').select(['user_id', 'project_id']).where('id', '=', id).executeTakeFirst();
  if (!row) throw missing('job', id);
  return { userId: row.user_id, projectId: row.project_id };
}

/** Crashes of a job in a row, without a newer checkpoint between. */
export async function crashesOf(db: Db, id: number): Promise<number> {
  return (await db.selectFrom('job').select('crashes').where('id', '=', id).executeTakeFirst())?.crashes ?? 0;
}
