import { sql } from 'kysely';
import { VeraError } from '../protocol/errors.ts';
import type { Change, Changes } from './change.ts';
import type { Dependent } from './dependents.ts';
import { freeName } from './names.ts';

export const DAY = 86_400_000;
/** Days for which a deleted item can be restored. */
const TRASH_DAYS = 30;

/** The earliest time at which an item deleted at `deletedAt` may be purged. */
export const purgedAt = (deletedAt: number): number => deletedAt + TRASH_DAYS * DAY;

/** Refuses to delete an item that others depend on, unless the deletion was confirmed. */
export function refuseDependents(what: string, dependents: readonly Dependent[], confirmed: boolean): void {
  if (dependents.length === 0 || confirmed) return;
  const shown = dependents.slice(0, 5).map((one) => one.what);
  const more = dependents.length - shown.length;
  throw new VeraError(
    'dependents',
    `${what} is depended on by ${shown.join('; ')}${more > 0 ? ` and ${more} more` : ''}: confirm to delete it all the same`,
  );
}

/** Begins to count the days of an item in the trash. */
export async function intoTrash(change: Change, kind: string, id: number): Promise<void> {
  await change.db
    .insertInto('trash')
    .values({ kind, subject_id: id })
    .onConflict((conflict) => conflict.doUpdateSet({ days: 0 }))
    .execute();
}

export async function outOfTrash(change: Change, kind: string, id: number): Promise<void> {
  await change.db.deleteFrom('trash').where('kind', '=', kind).where('subject_id', '=', id).execute();
}

/** The items that a purge deleted for good. */
export interface Purged {
  adapters: number[];
  /** With the folders of their checkpoints, which are kept. */
  runs: { id: number; out: string }[];
  projects: number[];
  users: number[];
}

const TODAY = 'trash day'; // key of the time when days were last counted

/**
 * Purges items that were deleted thirty days ago. Call it now and then. An item is purged if it was deleted thirty days ago by
 * the clock and was also seen in the trash on thirty different days. So a clock that jumps ahead adds one day, not thirty, and
 * empties nothing. A user who still owns something stays in the trash.
 */
export async function purgeTrash(catalog: Pick<Changes, 'change'>, now = Date.now()): Promise<Purged> {
  return catalog.change(async (change) => {
    const { db } = change;
    await countDay(change, now);
    const ripe = await db.selectFrom('trash').selectAll().where('days', '>=', TRASH_DAYS).execute();
    const purged: Purged = { adapters: [], runs: [], projects: [], users: [] };
    const old = now - TRASH_DAYS * DAY;
    for (const { kind, subject_id: id } of ripe) {
      if (kind !== 'adapter' && kind !== 'run' && kind !== 'project' && kind !== 'user') continue;
      const row = await db
        .selectFrom(kind as 'run')
        .select('deleted_at')
        .where('id', '=', id)
        .executeTakeFirst();
      if (row && (row.deleted_at === null || row.deleted_at > old)) continue;
      if (row && !(await purgeOne(change, kind, id, purged))) continue;
      await outOfTrash(change, kind, id);
    }
    return purged;
  });
}

/** Counts a day for every item in the trash, once per day by the clock. A clock that was set back starts again. */
async function countDay({ db }: Change, now: number): Promise<void> {
  const row = await db.selectFrom('state').select('value').where('key', '=', TODAY).executeTakeFirst();
  const last = row === undefined ? undefined : Number(row.value);
  if (last !== undefined && now >= last && now - last < DAY) return;
  if (last === undefined || now > last)
    await db
      .updateTable('trash')
      .set((eb) => ({ days: eb('days', '+', 1) }))
      .execute();
  const value = String(now);
  await db
    .insertInto('state')
    .values({ key: TODAY, value })
    .onConflict((conflict) => conflict.doUpdateSet({ value }))
    .execute();
}

/** Deletes one item for good and clears the pointers to it. False if it must stay. */
async function purgeOne(
  change: Change,
  kind: 'adapter' | 'run' | 'project' | 'user',
  id: number,
  purged: Purged,
): Promise<boolean> {
  const { db } = change;
  let name: string | null = null;
  if (kind === 'adapter') {
    const row = await db
      .selectFrom('adapter')
      .select(['name', 'frozen_id'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    ({ name } = row);
    await db.updateTable('adapter').set({ parent_id: null }).where('parent_id', '=', id).execute();
    await db.deleteFrom('adapter').where('id', '=', id).execute();
    if (row.frozen_id !== null) await dropUnused(change, row.frozen_id);
    purged.adapters.push(id);
  } else if (kind === 'run') {
    const { out } = await db.selectFrom('run').select('out').where('id', '=', id).executeTakeFirstOrThrow();
    await db.updateTable('adapter').set({ run_id: null }).where('run_id', '=', id).execute();
    await db.deleteFrom('run').where('id', '=', id).execute();
    purged.runs.push({ id, out });
  } else if (kind === 'project') {
    ({ name } = await db.selectFrom('project').select('name').where('id', '=', id).executeTakeFirstOrThrow());
    await leaveProject(change, id);
    await db.deleteFrom('project').where('id', '=', id).execute();
    purged.projects.push(id);
  } else {
    if (await owns(change, id)) return false;
    ({ name } = await db.selectFrom('user').select('name').where('id', '=', id).executeTakeFirstOrThrow());
    await db.deleteFrom('active_adapter').where('user_id', '=', id).execute();
    await db.deleteFrom('user').where('id', '=', id).execute();
    purged.users.push(id);
  }
  change.emit({ type: 'catalog', change: 'purged', kind, id, name });
  change.audit({ actor: 'vera', action: 'purge', kind, subject: id, details: { name } });
  return true;
}

async function dropUnused({ db }: Change, frozen: number): Promise<void> {
  const user = await db.selectFrom('adapter').select('id').where('frozen_id', '=', frozen).limit(1).executeTakeFirst();
  if (!user) await db.deleteFrom('frozen').where('id', '=', frozen).execute();
}

/** Moves the items of a project out of it. Names that are taken among items without a project get a suffix. */
async function leaveProject({ db }: Change, id: number): Promise<void> {
  const clashing = await sql<{ id: number; name: string }>`
    SELECT id, name FROM adapter WHERE project_id = ${id} AND deleted_at IS NULL
    AND name IN (SELECT name FROM adapter WHERE project_id IS NULL AND deleted_at IS NULL)`.execute(db);
  for (const row of clashing.rows) {
    const name = await freeName(row.name, async (one) => {
      const { rows } = await sql`SELECT 1 FROM adapter
        WHERE name = ${one} AND deleted_at IS NULL AND (project_id IS NULL OR project_id = ${id})`.execute(db);
      return rows.length > 0;
    });
    await db.updateTable('adapter').set({ name }).where('id', '=', row.id).execute();
  }
  await db.updateTable('adapter').set({ project_id: null }).where('project_id', '=', id).execute();
  await db.updateTable('run').set({ project_id: null }).where('project_id', '=', id).execute();
  await db.updateTable('job').set({ project_id: null }).where('project_id', '=', id).execute();
  await db.deleteFrom('active_adapter').where('project_id', '=', id).execute();
}

async function owns({ db }: Change, user: number): Promise<boolean> {
  for (const table of ['adapter', 'run', 'job'] as const) {
    const row = await db.selectFrom(table).select('user_id').where('user_id', '=', user).limit(1).executeTakeFirst();
    if (row) return true;
  }
  return false;
}
