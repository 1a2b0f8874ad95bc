import type { z } from 'zod';
import { OVER } from '../protocol/jobStates.ts';
import type * as protocol from '../protocol/runs.ts';
import type { RunRow } from '../protocol/runs.ts';
import { nameTaken, updateAdapter } from './adapters.ts';
import type { Change } from './change.ts';
import { readJob, updateJob } from './jobs.ts';
import { freeName } from './names.ts';
import { readRun } from './runs.ts';
import type { Db } from './schema.ts';

/** `wanted`, or the first of `wanted-2`, `wanted-3`... that neither an adapter nor another run under way has in the project. */
export function freeRunName(db: Db, wanted: string, { run, projectId }: Place): Promise<string> {
  const adapterHas = nameTaken(db, projectId);
  return freeName(wanted, async (name) => (await adapterHas(name)) || runHas(db, name, { run, projectId }));
}

interface Place {
  /** The run that gets the name. */
  readonly run: number;
  readonly projectId: number | null;
}

/** The name of a run that is not over is that of the adapter that it will make. */
async function runHas(db: Db, name: string, { run, projectId }: Place): Promise<boolean> {
  const rows = await db
    .selectFrom('run')
    .innerJoin('job', 'job.id', 'run.job_id')
    .select('job.spec')
    .where('job.state', 'not in', [...OVER])
    .where('run.id', '!=', run)
    .where('run.project_id', projectId === null ? 'is' : '=', projectId)
    .execute();
  return rows.some(({ spec }) => (JSON.parse(spec) as { name?: unknown }).name === name);
}

/** Renames the adapter of a run, or the adapter that it will make. Throws VeraError 'conflict' if an adapter has the name. */
export async function renameRun(
  change: Change,
  { run: id, name }: z.output<(typeof protocol.update)['params']>,
  actor: string,
): Promise<RunRow> {
  const run = await readRun(change.db, id);
  if (run.adapter !== null) await updateAdapter(change, { adapter: run.adapter, name }, actor);
  else if (run.job !== null) {
    const { spec } = await readJob(change.db, run.job);
    await updateJob(change.db, run.job, { spec: { ...spec, name } });
    change.emit({ type: 'job', job: await readJob(change.db, run.job) });
    change.audit({ actor, action: 'update', kind: 'run', subject: id, details: { name } });
  }
  return readRun(change.db, id);
}
