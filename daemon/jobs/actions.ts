import { dropJob, readJob, updateJob } from '../catalog/jobs.ts';
import type { Catalog, Change } from '../catalog/open.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Job } from '../protocol/jobs.ts';
import { OVER } from '../protocol/jobStates.ts';
import { findKind } from './kinds/registry.ts';
import { emitJob, setState } from './state.ts';
import { type Action, moveOf } from './states.ts';

/** A change of a job that somebody asked for, with its line in the audit. `work` gives the job as it was where nothing is to be done. */
async function act(
  catalog: Catalog,
  id: number,
  { action, actor }: { action: string; actor: string },
  work: (change: Change, job: Job) => Promise<Job>,
): Promise<Job> {
  return catalog.change(async (change) => {
    const before = await readJob(change.db, id);
    const after = await work(change, before);
    if (after !== before)
      change.audit({ actor, action, kind: 'job', subject: id, details: { from: before.state, to: after.state } });
    return after;
  });
}

const refusal = ({ id, title, state }: Job, why: string): VeraError =>
  new VeraError('conflict', `job ${id} (${title}) is ${state}: ${why}`);

/** Cancels, pauses, resumes or retries a job, as its state allows. Throws VeraError 'missing' or 'conflict'. */
export const moveJob = (catalog: Catalog, id: number, action: Action, actor: string): Promise<Job> =>
  act(catalog, id, { action, actor }, async (change, before) => {
    const move = moveOf(action, before.state, findKind(before.kind)?.pauses ?? false);
    if (move === 'nothing') return before;
    if ('refused' in move) throw refusal(before, move.refused);
    const afresh = action === 'retry' ? { crashes: 0, result: null, memoryBytes: null } : {};
    return setState(change, before, move.to, afresh);
  });

/** Takes a job that is over, and is no training, out of the catalog. Throws VeraError 'missing' or 'conflict'. */
export const deleteJob = (catalog: Catalog, id: number, actor: string): Promise<Job> =>
  catalog.change(async (change) => {
    const job = await readJob(change.db, id);
    if (!OVER.includes(job.state)) throw refusal(job, 'cancel it first');
    if (job.run !== null) throw new VeraError('conflict', `job ${id} (${job.title}) is a run: delete run ${job.run}`);
    await dropJob(change.db, id);
    change.emit({ type: 'catalog', change: 'deleted', kind: 'job', id, name: null });
    change.audit({ actor, action: 'delete', kind: 'job', subject: id, details: { title: job.title } });
    return job;
  });

/** Throws VeraError 'missing' or 'conflict'. */
export const prioritiseJob = (catalog: Catalog, id: number, priority: number, actor: string): Promise<Job> =>
  act(catalog, id, { action: 'prioritise', actor }, async (change, before) => {
    if (OVER.includes(before.state)) throw refusal(before, 'it has no place in the queue any more');
    if (before.priority === priority) return before;
    await updateJob(change.db, id, { priority });
    return emitJob(change, id);
  });
