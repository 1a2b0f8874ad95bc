import type { z } from 'zod';
import { quote } from '../formats/quote.ts';
import type { dependent } from '../protocol/adapters.ts';
import type { Db } from './schema.ts';

export type Dependent = z.infer<typeof dependent>;

const SHOWN = 20; // of each kind: a person reads them before deciding
const OPEN_STATES = ['queued', 'running', 'pausing', 'paused', 'cancelling'];

/** What depends on an adapter: its successors, choices as active adapter, exports, and unfinished jobs that name it. */
export async function dependentsOfAdapter(db: Db, id: number, name: string): Promise<Dependent[]> {
  const children = await db
    .selectFrom('adapter')
    .select(['id', 'name'])
    .where('parent_id', '=', id)
    .where('deleted_at', 'is', null)
    .limit(SHOWN)
    .execute();
  const choices = await db
    .selectFrom('active_adapter as chosen')
    .innerJoin('user', 'user.id', 'chosen.user_id')
    .leftJoin('project', 'project.id', 'chosen.project_id')
    .select(['user.name as user', 'project.name as project'])
    .where('chosen.adapter_id', '=', id)
    .where('user.deleted_at', 'is', null)
    .limit(SHOWN)
    .execute();
  const exports = await db
    .selectFrom('export')
    .select(['id', 'kind', 'path'])
    .where('adapter_id', '=', id)
    .limit(SHOWN)
    .execute();
  const jobs = await db.selectFrom('job').select(['id', 'title', 'spec']).where('state', 'in', OPEN_STATES).execute();
  const naming = jobs.filter(({ spec }) => {
    const { adapter, parent } = JSON.parse(spec) as { adapter?: unknown; parent?: unknown };
    return [adapter, parent].some((ref) => ref === id || ref === name);
  });
  return [
    ...children.map((one) => ({ kind: 'adapter', id: one.id, what: `adapter ${quote(one.name)}, which succeeds it` })),
    ...choices.map((one) => ({
      kind: 'active',
      id: null,
      what: `user ${quote(one.user)}, whose active adapter it is${one.project === null ? '' : ` in ${quote(one.project)}`}`,
    })),
    ...exports.map((one) => ({ kind: 'export', id: one.id, what: `the ${one.kind} in ${quote(one.path)}` })),
    ...naming.map((one) => ({ kind: 'job', id: one.id, what: `job ${one.id} (${one.title})` })),
  ];
}

/** The adapters that came from a run. */
export async function dependentsOfRun(db: Db, id: number): Promise<Dependent[]> {
  const rows = await db
    .selectFrom('adapter')
    .select(['id', 'name'])
    .where('run_id', '=', id)
    .where('deleted_at', 'is', null)
    .limit(SHOWN)
    .execute();
  return rows.map((row) => ({ kind: 'adapter', id: row.id, what: `adapter ${quote(row.name)}, which came from it` }));
}

/** What belongs to a project or a user: adapters, runs, unfinished jobs. */
export async function dependentsOfOwner(db: Db, kind: 'project' | 'user', id: number): Promise<Dependent[]> {
  const column = kind === 'project' ? 'project_id' : 'user_id';
  const owner = await db.selectFrom(kind).select('adapters').where('id', '=', id).executeTakeFirstOrThrow();
  const { runs } = await db
    .selectFrom('run')
    .select((eb) => eb.fn.countAll<number>().as('runs'))
    .where(column, '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  const jobs = await db
    .selectFrom('job')
    .select(['id', 'title'])
    .where('state', 'in', OPEN_STATES)
    .where(column, '=', id)
    .limit(SHOWN)
    .execute();
  const counted = (count: number, one: string): Dependent[] =>
    count === 0 ? [] : [{ kind: one, id: null, what: `${count} ${one}${count === 1 ? '' : 's'}` }];
  return [
    ...counted(owner.adapters, 'adapter'),
    ...counted(runs, 'run'),
    ...jobs.map((one) => ({ kind: 'job', id: one.id, what: `job ${one.id} (${one.title})` })),
  ];
}
