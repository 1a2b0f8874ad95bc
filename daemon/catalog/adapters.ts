import { CompiledQuery, sql } from 'kysely';
import { adapterFileBytes } from '../formats/adapterFile.ts';
import { quote } from '../formats/quote.ts';
import type * as protocol from '../protocol/adapters.ts';
import type { AdapterRow } from '../protocol/adapters.ts';
import { VeraError } from '../protocol/errors.ts';
import type { z } from 'zod';
import { readAdapter, readAdapters, selectAdapters, showAdapter } from './adapterRows.ts';
import type { Change } from './change.ts';
import { checkContent, contentHash, ensureBase, ensureFrozen, ensureLayout, storeVectors } from './content.ts';
import type { AdapterContent } from './content.ts';
import { dependentsOfAdapter } from './dependents.ts';
import type { Dependent } from './dependents.ts';
import { readJob } from './jobs.ts';
import { findAdapter } from './find.ts';
import { checkedName, freeName, missing } from './names.ts';
import { defaultUser, ensureUser, findProject, findUser, projectAround } from './owners.ts';
import { keysOf, pageOf } from './pages.ts';
import type { Page } from './pages.ts';
import type { Db } from './schema.ts';
import { matchOf, tagged, wordsOf } from './search.ts';
import { intoTrash, outOfTrash, purgedAt, refuseDependents } from './trash.ts';

export type { AdapterContent } from './content.ts';
export { adapterContent } from './content.ts';
export { findAdapter } from './find.ts';

type Params<M extends { params: z.ZodType }> = z.output<M['params']>;

/** Facts about a new adapter besides its content. */
export interface About {
  readonly name: string;
  /** What happens if the name is taken: 'suffix' takes name-2, name-3..., 'refuse' (the default) throws 'conflict'. */
  readonly unique?: 'suffix' | 'refuse';
  readonly userId: number;
  readonly projectId: number | null;
  readonly runId?: number | null | undefined;
  readonly datasetId?: number | null | undefined;
  readonly parentId?: number | null | undefined;
  readonly note?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly losses?:
    | { readonly train?: number | null; readonly heldOut?: number | null; readonly baseHeldOut?: number | null }
    | undefined;
  readonly actor: string;
}

/** The size of the file that a person would send. Thousands of adapters may share a list of tensors, so it is computed once. */
function fileBytes({ tensors }: AdapterContent): number {
  const bytes = sizes.get(tensors) ?? adapterFileBytes(tensors);
  sizes.set(tensors, bytes);
  return bytes;
}
const sizes = new WeakMap<AdapterContent['tensors'], number>();

/** This is plain SQL, since building the statement takes longer than running it. That matters when thousands of adapters are added. */
const ADD = `INSERT INTO adapter (name, note, tags, user_id, project_id, base_id, layout_id, frozen_id, hash, bytes, run_id,
  dataset_id, parent_id, train_loss, held_out_loss, base_held_out_loss, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Written so that it uses the index `adapter_name`. */
const NAMED = `SELECT id FROM adapter WHERE name = ? AND ifnull(project_id, 0) = ? AND deleted_at IS NULL AND id != ?`;

export const nameTaken =
  (db: Db, projectId: number | null, except = 0) =>
  async (name: string): Promise<boolean> =>
    (await db.executeQuery(CompiledQuery.raw(NAMED, [name, projectId ?? 0, except]))).rows.length > 0;

/** A name that is free in the project. Throws 'conflict' if the name is taken and may not be changed. */
async function nameFor(
  db: Db,
  name: string,
  projectId: number | null,
  unique: 'suffix' | 'refuse',
  except = 0,
): Promise<string> {
  const taken = nameTaken(db, projectId, except);
  if (unique === 'suffix') return freeName(name, taken);
  if (!(await taken(name))) return name;
  throw new VeraError(
    'conflict',
    `there is an adapter named ${quote(name)} already ${projectId === null ? 'outside projects' : 'in this project'}: choose another name`,
  );
}

/** A loss that can be stored: null if it is not a finite number. */
const figure = (value: number | null | undefined): number | null => (Number.isFinite(value) ? value! : null);

/** Stores an adapter. Throws VeraError 'adapter' if its parts do not fit together, and 'conflict' if its name is taken. */
export async function addAdapter(change: Change, content: AdapterContent, about: About): Promise<AdapterRow> {
  return readAdapter(change.db, await insertAdapter(change, content, about));
}

/** Does the same as `addAdapter`, but returns only the number: for adding many adapters. */
export async function insertAdapter(change: Change, content: AdapterContent, about: About): Promise<number> {
  checkContent(content);
  const { db, now } = change;
  const name = await nameFor(db, checkedName(about.name), about.projectId, about.unique ?? 'refuse');
  const { losses } = about;
  const { insertId } = await db.executeQuery(
    CompiledQuery.raw(ADD, [
      name,
      about.note ?? '',
      JSON.stringify(about.tags ?? []),
      about.userId,
      about.projectId,
      await ensureBase(change, content.base),
      await ensureLayout(change, content),
      await ensureFrozen(change, content.frozen),
      contentHash(content),
      fileBytes(content),
      ...[about.runId, about.datasetId, about.parentId].map((id) => id ?? null),
      ...[losses?.train, losses?.heldOut, losses?.baseHeldOut].map(figure),
      now,
    ]),
  );
  const id = Number(insertId);
  await storeVectors(change, id, content.theta);
  change.emit({ type: 'catalog', change: 'created', kind: 'adapter', id, name });
  change.audit({ actor: about.actor, action: 'create', kind: 'adapter', subject: id, details: { name } });
  return id;
}

/** Adapters, the newest first. */
export async function listAdapters(db: Db, params: Params<typeof protocol.list>): Promise<Page<AdapterRow>> {
  const { limit, deleted, search, tag } = params;
  if (search !== undefined && wordsOf(search).length === 0) return { items: [] }; // a search without letters or digits matches nothing
  const match = matchOf({ search, tag });
  // The order follows the search index, so that a word that a million adapters have costs only one page.
  // The trash is small and has its own index; the plus sign makes SQLite use that one.
  const order = match !== '' ? sql<number>`found.rowid` : deleted ? sql<number>`+adapter.id` : sql<number>`adapter.id`;
  const from = keysOf(params.after, ['number']);
  let query = selectAdapters(db)
    .$if(match !== '', (all) =>
      all
        .innerJoin('adapter_search as found', 'found.rowid', 'adapter.id')
        .where(sql<boolean>`found.adapter_search MATCH ${match}`),
    )
    .where('adapter.deleted_at', deleted ? 'is not' : 'is', null)
    .orderBy(order, 'desc')
    .limit(limit + 1);
  if (from) query = query.where(order, '<', from[0]);
  if (params.project !== undefined)
    query = query.where('adapter.project_id', '=', await findProject(db, params.project));
  if (params.user !== undefined) query = query.where('adapter.user_id', '=', await findUser(db, params.user));
  if (params.name !== undefined) query = query.where('adapter.name', '=', params.name);
  if (params.base !== undefined) query = query.where('adapter.base_id', 'in', await basesNamed(db, params.base));
  if (tag !== undefined) query = query.where(tagged(tag));
  return pageOf(await query.execute(), limit, showAdapter, (row) => [row.id]);
}

/** The numbers of bases by number, fingerprint (or its beginning), spec, or the last part of the spec. Throws VeraError 'missing'. */
export async function basesNamed(db: Db, text: string): Promise<number[]> {
  const rows = await db.selectFrom('base_model').select(['id', 'fingerprint', 'spec']).execute();
  const found = rows.filter(
    ({ id, fingerprint, spec }) =>
      spec === text ||
      spec.endsWith(`/${text}`) ||
      spec.endsWith(`\\${text}`) ||
      (text.length >= 8 && fingerprint.startsWith(text)) ||
      String(id) === text,
  );
  if (found.length > 0) return found.map(({ id }) => id);
  throw missing('base', text, rows.map(({ spec }) => spec).slice(0, 3));
}

export const getAdapter = async (db: Db, which: Params<typeof protocol.get>): Promise<AdapterRow> =>
  readAdapter(db, await findAdapter(db, which));

const MAX_ANCESTORS = 1000; // of a longer chain, only the newest part is shown

/** The adapters that an adapter was made from, nearest first, and the adapters that were made from it. */
export async function adapterLineage(
  db: Db,
  which: Params<typeof protocol.lineage>,
): Promise<{ adapter: AdapterRow; ancestors: AdapterRow[]; children: AdapterRow[] }> {
  const adapter = await readAdapter(db, await findAdapter(db, which));
  const ancestors: AdapterRow[] = [];
  const seen = new Set([adapter.id]);
  for (let parent = adapter.parent; parent !== null && !seen.has(parent) && ancestors.length < MAX_ANCESTORS;) {
    const row = await readAdapter(db, parent);
    ancestors.push(row);
    seen.add(parent);
    parent = row.parent;
  }
  const children = await readAdapters(db, (query) =>
    query.where('adapter.parent_id', '=', adapter.id).where('adapter.deleted_at', 'is', null).limit(MAX_ANCESTORS),
  );
  return { adapter, ancestors, children };
}

/** Renames an adapter, or changes its note, tags or project. */
export async function updateAdapter(
  change: Change,
  { name, note, tags, moveTo, ...which }: Params<typeof protocol.update>,
  actor: string,
): Promise<AdapterRow> {
  const { db } = change;
  const id = await findAdapter(db, which);
  const before = await db
    .selectFrom('adapter')
    .select(['name', 'project_id'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const projectId = moveTo === undefined ? before.project_id : moveTo === null ? null : await findProject(db, moveTo);
  const given = {
    ...(name === undefined ? {} : { name }),
    ...(note === undefined ? {} : { note }),
    ...(tags === undefined ? {} : { tags: JSON.stringify(tags) }),
    ...(moveTo === undefined ? {} : { project_id: projectId }),
  };
  if (Object.keys(given).length > 0) {
    if (name !== undefined || moveTo !== undefined) await nameFor(db, name ?? before.name, projectId, 'refuse', id);
    await db.updateTable('adapter').set(given).where('id', '=', id).execute();
    const now = name ?? before.name;
    change.emit({ type: 'catalog', change: 'changed', kind: 'adapter', id, name: now });
    const details = {
      ...given,
      ...(tags === undefined ? {} : { tags }),
      ...(name === undefined ? {} : { was: before.name }),
    };
    change.audit({ actor, action: 'update', kind: 'adapter', subject: id, details });
    if (name !== undefined) await tellRun(change, id);
  }
  return readAdapter(db, id);
}

/** A run has the name of its adapter, so its job tells the new one. */
async function tellRun(change: Change, adapter: number): Promise<void> {
  const made = await change.db
    .selectFrom('adapter')
    .innerJoin('run', 'run.id', 'adapter.run_id')
    .select('run.job_id')
    .where('adapter.id', '=', adapter)
    .executeTakeFirst();
  if (made?.job_id != null) change.emit({ type: 'job', job: await readJob(change.db, made.job_id) });
}

interface Choice {
  adapter: AdapterRow;
  user: string;
  project: string | null;
}

/** Makes an adapter the active one of a user (by default the one who runs the daemon), in one project or wherever none is chosen. */
export async function activateAdapter(
  change: Change,
  which: Params<typeof protocol.activate>,
  actor: string,
): Promise<Choice> {
  const { db } = change;
  const userId = which.user === undefined ? await ensureUser(change) : await findUser(db, which.user);
  const projectId = which.project === undefined ? 0 : await findProject(db, which.project);
  // A person may choose any adapter, also another user's. `user` is the person who chooses.
  const id = await findAdapter(db, { adapter: which.adapter, project: which.project }, userId);
  await choose(change, userId, projectId, id, actor);
  const user = await db.selectFrom('user').select('name').where('id', '=', userId).executeTakeFirstOrThrow();
  const project = await db.selectFrom('project').select('name').where('id', '=', projectId).executeTakeFirst();
  return { adapter: await readAdapter(db, id), user: user.name, project: project?.name ?? null };
}

/** Makes an adapter the active one of a user in a project (0: wherever none is chosen). */
export async function choose(
  change: Change,
  userId: number,
  projectId: number,
  adapterId: number,
  actor: string,
): Promise<void> {
  const { db, now } = change;
  await db
    .insertInto('active_adapter')
    .values({ user_id: userId, project_id: projectId, adapter_id: adapterId, chosen_at: now })
    .onConflict((conflict) => conflict.doUpdateSet({ adapter_id: adapterId, chosen_at: now }))
    .execute();
  const { name } = await db.selectFrom('adapter').select('name').where('id', '=', adapterId).executeTakeFirstOrThrow();
  change.emit({ type: 'catalog', change: 'activated', kind: 'adapter', id: adapterId, name });
  const details = { user: userId, project: projectId === 0 ? null : projectId };
  change.audit({ actor, action: 'activate', kind: 'adapter', subject: adapterId, details });
}

/** Undoes the choice. Does nothing if there is none. */
export async function deactivateAdapter(
  change: Change,
  { project, user }: Params<typeof protocol.deactivate>,
  actor: string,
): Promise<void> {
  const { db } = change;
  const userId = user === undefined ? await ensureUser(change) : await findUser(db, user);
  const projectId = project === undefined ? 0 : await findProject(db, project);
  const gone = await db
    .deleteFrom('active_adapter')
    .where('user_id', '=', userId)
    .where('project_id', '=', projectId)
    .returning('adapter_id as id')
    .executeTakeFirst();
  if (!gone) return;
  const { name } = await db.selectFrom('adapter').select('name').where('id', '=', gone.id).executeTakeFirstOrThrow();
  change.emit({ type: 'catalog', change: 'activated', kind: 'adapter', id: gone.id, name });
  const details = { user: userId, project: projectId === 0 ? null : projectId };
  change.audit({ actor, action: 'deactivate', kind: 'adapter', subject: gone.id, details });
}

/** The active adapter of a user in a project, by number, name or workspace folder. */
export async function activeAdapter(
  db: Db,
  { project, workspace, user }: Params<typeof protocol.active>,
): Promise<{ adapter: AdapterRow | null; by: 'project' | 'user' | null }> {
  const name = user ?? defaultUser();
  const userId = await findUser(db, name).catch((error: unknown) => {
    if (user === undefined) return undefined; // nobody has chosen anything yet
    throw error;
  });
  if (userId === undefined) return { adapter: null, by: null };
  const projectId =
    project !== undefined
      ? await findProject(db, project)
      : workspace !== undefined
        ? await projectAround(db, workspace)
        : undefined;
  const row = await db
    .selectFrom('active_adapter as chosen')
    .innerJoin('adapter', 'adapter.id', 'chosen.adapter_id')
    .select(['adapter.id', 'chosen.project_id as projectId'])
    .where('chosen.user_id', '=', userId)
    .where('chosen.project_id', 'in', [0, ...(projectId === undefined ? [] : [projectId])])
    .where('adapter.deleted_at', 'is', null)
    .orderBy('chosen.project_id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return { adapter: null, by: null };
  return { adapter: await readAdapter(db, row.id), by: row.projectId === 0 ? 'user' : 'project' };
}

/** Puts an adapter into the trash. Its vectors stay until it is purged. */
export async function deleteAdapter(
  change: Change,
  { confirm, ...which }: Params<typeof protocol.remove>,
  actor: string,
): Promise<{ adapter: AdapterRow; dependents: Dependent[]; purgedAt: number }> {
  const { db, now } = change;
  const id = await findAdapter(db, which);
  const { name } = await db.selectFrom('adapter').select('name').where('id', '=', id).executeTakeFirstOrThrow();
  const dependents = await dependentsOfAdapter(db, id, name);
  refuseDependents(`adapter ${quote(name)}`, dependents, confirm);
  await db.updateTable('adapter').set({ deleted_at: now }).where('id', '=', id).execute();
  await intoTrash(change, 'adapter', id);
  change.emit({ type: 'catalog', change: 'deleted', kind: 'adapter', id, name });
  change.audit({ actor, action: 'delete', kind: 'adapter', subject: id, details: { name } });
  return { adapter: await readAdapter(db, id), dependents, purgedAt: purgedAt(now) };
}

/** Takes an adapter out of the trash. If its name was taken meanwhile, it gets the next free name. */
export async function restoreAdapter(change: Change, id: number, actor: string): Promise<AdapterRow> {
  const { db } = change;
  const row = await db
    .selectFrom('adapter')
    .select(['name', 'project_id', 'deleted_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw missing('adapter', id);
  if (row.deleted_at === null) throw new VeraError('conflict', `adapter ${quote(row.name)} is not in the trash`);
  const name = await nameFor(db, row.name, row.project_id, 'suffix');
  await db.updateTable('adapter').set({ name, deleted_at: null }).where('id', '=', id).execute();
  await outOfTrash(change, 'adapter', id);
  change.emit({ type: 'catalog', change: 'restored', kind: 'adapter', id, name });
  change.audit({ actor, action: 'restore', kind: 'adapter', subject: id, details: { name } });
  return readAdapter(db, id);
}

/** The name of an adapter; undefined if there is no adapter with this number. */
export async function adapterName(db: Db, id: number): Promise<string | undefined> {
  return (await db.selectFrom('adapter').select('name').where('id', '=', id).executeTakeFirst())?.name;
}
