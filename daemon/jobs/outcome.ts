import { basename } from 'node:path';
import { addAdapter, choose } from '../catalog/adapters.ts';
import { ensureBase } from '../catalog/content.ts';
import { updateJob } from '../catalog/jobs.ts';
import { nameFrom } from '../catalog/names.ts';
import type { Change } from '../catalog/open.ts';
import { addExport } from '../catalog/records.ts';
import { finishRun, readRun } from '../catalog/runs.ts';
import type { AdapterRow } from '../protocol/adapters.ts';
import type { Job } from '../protocol/jobs.ts';
import type { Json, Outcome } from './messages.ts';
import { namedAdapter } from './task.ts';

const ACTOR = 'daemon';

/** Writes what a job has made, with its result: adapter, run, export and job become true together. */
export async function commitOutcome(change: Change, job: Job, outcome: Outcome, report: Json | null): Promise<void> {
  const adapter = await storeAdapter(change, job, outcome);
  if (outcome.base !== undefined) await ensureBase(change, outcome.base);
  const figure = (name: string): number | null => {
    const value = outcome.result[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  };
  if (job.run !== null) {
    const losses = {
      trainLoss: figure('trainLoss'),
      heldOutLoss: figure('evalLoss'),
      baseHeldOutLoss: figure('baseEvalLoss'),
    };
    const done = { event: 'done', ...outcome.result };
    await finishRun(change, job.run, { state: 'succeeded', ...losses, report: { report, done } });
  }
  if (job.spec.kind === 'merge' || job.spec.kind === 'export') {
    const { kind, out } = job.spec;
    await addExport(change, {
      ...{ adapterId: (await namedAdapter(change.db, job.spec, job).catch(() => undefined)) ?? null, jobId: job.id },
      ...{ kind: kind === 'merge' ? 'merge' : job.spec.format, path: out, details: outcome.result, actor: ACTOR },
    });
  }
  const result = { ...(adapter === undefined ? {} : { adapter: adapter.id, name: adapter.name }), ...outcome.result };
  await updateJob(change.db, job.id, { result, error: null });
}

async function storeAdapter(change: Change, job: Job, { adapter, result }: Outcome): Promise<AdapterRow | undefined> {
  const { spec } = job;
  if (adapter === undefined || (spec.kind !== 'train' && spec.kind !== 'import')) return undefined;
  const { db } = change;
  const owner = await db
    .selectFrom('job')
    .select(['user_id', 'project_id'])
    .where('id', '=', job.id)
    .executeTakeFirstOrThrow();
  const run = job.run === null ? null : await readRun(db, job.run);
  const parent = spec.kind === 'train' && spec.parent !== undefined ? spec.parent : undefined;
  const loss = (name: string): number | null => (typeof result[name] === 'number' ? result[name] : null);
  const row = await addAdapter(change, adapter, {
    ...{ name: spec.name ?? standardName(job), unique: 'suffix', actor: ACTOR },
    ...{ userId: owner.user_id, projectId: owner.project_id, note: spec.note, tags: spec.tags },
    ...{ runId: run?.id, datasetId: run?.dataset?.id },
    parentId: parent === undefined ? null : await namedAdapter(db, { kind: 'merge', adapter: parent, out: '' }, job),
    losses: { train: loss('trainLoss'), heldOut: loss('evalLoss'), baseHeldOut: loss('baseEvalLoss') },
  });
  if (spec.kind === 'train' && spec.activate) await choose(change, owner.user_id, owner.project_id ?? 0, row.id, ACTOR);
  return row;
}

/** Named after what it learned from, or the folder it came from. */
function standardName({ id, spec }: Job): string {
  const otherwise = `adapter-${id}`;
  if (spec.kind === 'import') return nameFrom(basename(spec.dir), otherwise);
  if (spec.kind !== 'train') return otherwise;
  const data = basename(spec.settings.data).replace(/\.[^.]*$/, '');
  return nameFrom(`${data}-${spec.settings.method ?? 'vera'}`, otherwise);
}
