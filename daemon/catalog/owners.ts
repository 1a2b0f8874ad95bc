import { userInfo } from 'node:os';
import { basename, dirname } from 'node:path';
import type { Selectable } from 'kysely';
import type { z } from 'zod';
import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';
import type * as protocol from '../protocol/owners.ts';
import type { ProjectRow, UserRow } from '../protocol/owners.ts';
import type { Change } from './change.ts';
import { dependentsOfOwner } from './dependents.ts';
import type { Dependent } from './dependents.ts';
import { freeName, missing, nameFrom, nearest } from './names.ts';
import { keysOf, pageOf } from './pages.ts';
import type { Page } from './pages.ts';
import type { Db, ProjectTable, UserTable } from './schema.ts';
import { intoTrash, outOfTrash, purgedAt, refuseDependents } from './trash.ts';

type Ref = number | string;
type Project = Selectable<ProjectTable>;
type User = Selectable<UserTable>;
export type Listing = z.output<(typeof protocol.projectsList)['params']>;

/** Name of the user that the daemon runs as. Adapters belong to this user unless a caller names another one. */
export function defaultUser(): string {
  let name = '';
  try {
    name = userInfo().username;
  } catch {
    // an account that the system has no name for
  }
  return nameFrom(name, 'me');
}

const showUser = (row: User): UserRow => ({
  id: row.id,
  name: row.name,
  note: row.note,
  adapters: row.adapters,
  createdAt: row.created_at,
  deletedAt: row.deleted_at,
});
const showProject = (row: Project): ProjectRow => ({ ...showUser(row), folder: row.folder });

/** The user or project with a number or name. A name of digits that does not exist is read as a number. Throws 'missing'. */
async function find(db: Db, kind: 'user' | 'project', ref: Ref): Promise<number> {
  const living = db.selectFrom(kind).select('id').where('deleted_at', 'is', null);
  const byName = typeof ref === 'string' ? await living.where('name', '=', ref).executeTakeFirst() : undefined;
  const number = typeof ref === 'number' ? ref : /^\d{1,15}$/.test(ref) ? Number(ref) : undefined;
  const found = byName ?? (number === undefined ? undefined : await living.where('id', '=', number).executeTakeFirst());
  if (found) return found.id;
  const names = await db.selectFrom(kind).select('name').where('deleted_at', 'is', null).limit(10_000).execute();
  const near =
    typeof ref === 'string'
      ? nearest(
          ref,
          names.map(({ name }) => name),
        )
      : [];
  throw missing(kind, ref, near);
}

const read = <K extends 'user' | 'project'>(db: Db, kind: K, id: number) =>
  db
    .selectFrom(kind as 'project')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();

export const userById = async (db: Db, id: number): Promise<UserRow> => showUser(await read(db, 'user', id));
export const projectById = async (db: Db, id: number): Promise<ProjectRow> =>
  showProject(await read(db, 'project', id));

/** The id of a user. If left out: the one that the daemon runs as, who may not be in the catalog yet ('missing'). */
export const findUser = (db: Db, ref: Ref = defaultUser()): Promise<number> => find(db, 'user', ref);
export const findProject = (db: Db, ref: Ref): Promise<number> => find(db, 'project', ref);

const nameTaken =
  (db: Db, kind: 'user' | 'project', except = 0) =>
  async (name: string): Promise<boolean> =>
    (await db
      .selectFrom(kind)
      .select('id')
      .where('name', '=', name)
      .where('deleted_at', 'is', null)
      .where('id', '!=', except)
      .executeTakeFirst()) !== undefined;

async function refuseTaken(db: Db, kind: 'user' | 'project', name: string, except = 0): Promise<void> {
  if (await nameTaken(db, kind, except)(name))
    throw new VeraError('conflict', `there is a ${kind} named ${quote(name)} already: choose another name`);
}

/** The id of the user with that name. Creates the user if there is none. */
export async function ensureUser(change: Change, name: string = defaultUser(), actor = name): Promise<number> {
  const known = await change.db
    .selectFrom('user')
    .select('id')
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return known?.id ?? insertUser(change, name, '', actor);
}

async function insertUser(change: Change, name: string, note: string, actor: string): Promise<number> {
  const { insertId } = await change.db
    .insertInto('user')
    .values({ name, note, created_at: change.now, deleted_at: null })
    .executeTakeFirst();
  const id = Number(insertId);
  record(change, 'created', 'user', id, name, actor);
  return id;
}

/** Adds the event and the audit line for a change of a user or project. */
function record(
  change: Change,
  what: 'created' | 'changed' | 'deleted' | 'restored',
  kind: 'user' | 'project',
  id: number,
  name: string,
  actor: string,
  details: object = {},
): void {
  const action = { created: 'create', changed: 'update', deleted: 'delete', restored: 'restore' }[what];
  change.emit({ type: 'catalog', change: what, kind, id, name });
  change.audit({ actor, action, kind, subject: id, details: { name, ...details } });
}

export async function createUser(
  change: Change,
  params: z.output<(typeof protocol.usersCreate)['params']>,
  actor: string,
): Promise<UserRow> {
  await refuseTaken(change.db, 'user', params.name);
  return userById(change.db, await insertUser(change, params.name, params.note ?? '', actor));
}

/** The project of a workspace folder. Creates it, with the name of the folder, if there is none yet. */
export async function projectOfFolder(change: Change, folder: string, actor = defaultUser()): Promise<number> {
  const known = await projectAt(change.db, folder);
  if (known !== undefined) return known;
  const name = await freeName(nameFrom(basename(folder), 'workspace'), nameTaken(change.db, 'project'));
  return insertProject(change, name, folder, '', actor);
}

const projectAt = async (db: Db, folder: string): Promise<number | undefined> =>
  (
    await db
      .selectFrom('project')
      .select('id')
      .where('folder', '=', folder)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
  )?.id;

/** The project of a folder, or of the nearest folder above it; undefined if there is none. */
export async function projectAround(db: Db, folder: string): Promise<number | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await projectAt(db, at);
    if (found !== undefined || dirname(at) === at) return found;
  }
}

async function insertProject(
  change: Change,
  name: string,
  folder: string | null,
  note: string,
  actor: string,
): Promise<number> {
  const { insertId } = await change.db
    .insertInto('project')
    .values({ name, folder, note, created_at: change.now, deleted_at: null })
    .executeTakeFirst();
  const id = Number(insertId);
  record(change, 'created', 'project', id, name, actor, folder === null ? {} : { folder });
  return id;
}

export async function createProject(
  change: Change,
  params: z.output<(typeof protocol.projectsCreate)['params']>,
  actor: string,
): Promise<ProjectRow> {
  const { db } = change;
  const { name, folder, note } = params;
  if (folder !== undefined) {
    const known = await projectAt(db, folder);
    if (known !== undefined) return projectById(db, known);
  }
  if (name === undefined && folder === undefined) throw new VeraError('usage', 'a project needs a name or a folder');
  if (name !== undefined) await refuseTaken(db, 'project', name);
  const called = name ?? (await freeName(nameFrom(basename(folder!), 'workspace'), nameTaken(db, 'project')));
  return projectById(db, await insertProject(change, called, folder ?? null, note ?? '', actor));
}

/** Users, sorted by name. `search`: a part of the name, upper or lower case. */
export const listUsers = (db: Db, listing: Listing): Promise<Page<UserRow>> => list(db, 'user', listing, showUser);
export const listProjects = (db: Db, listing: Listing): Promise<Page<ProjectRow>> =>
  list(db, 'project', listing, (row) => showProject(row as Project));

async function list<T>(
  db: Db,
  kind: 'user' | 'project',
  { search, name, folder, deleted, limit, after }: Listing,
  show: (row: User) => T,
): Promise<Page<T>> {
  const from = keysOf(after, ['string', 'number']);
  let query = db
    .selectFrom(kind as 'project')
    .selectAll()
    .where('deleted_at', deleted ? 'is not' : 'is', null)
    .orderBy('name')
    .orderBy('id')
    .limit(limit + 1);
  if (search !== undefined)
    query = query.where((eb) =>
      eb(eb.fn<number>('instr', [eb.fn<string>('lower', ['name']), eb.val(search.toLowerCase())]), '>', 0),
    );
  if (name !== undefined) query = query.where('name', '=', name);
  if (folder !== undefined) query = query.where('folder', '=', folder);
  if (from)
    query = query.where((eb) =>
      eb.or([eb('name', '>', from[0]), eb.and([eb('name', '=', from[0]), eb('id', '>', from[1])])]),
    );
  return pageOf(await query.execute(), limit, show, (row) => [row.name, row.id]);
}

export async function updateUser(
  change: Change,
  { user, name, note }: z.output<(typeof protocol.usersUpdate)['params']>,
  actor: string,
): Promise<UserRow> {
  const id = await findUser(change.db, user);
  await update(change, 'user', id, { name, note }, actor);
  return userById(change.db, id);
}

export async function updateProject(
  change: Change,
  { project, name, note, folder }: z.output<(typeof protocol.projectsUpdate)['params']>,
  actor: string,
): Promise<ProjectRow> {
  const id = await findProject(change.db, project);
  if (folder != null) {
    const other = await projectAt(change.db, folder);
    if (other !== undefined && other !== id) {
      const { name: owner } = await projectById(change.db, other);
      throw new VeraError('conflict', `${quote(folder)} is the folder of project ${quote(owner)} already`);
    }
  }
  await update(change, 'project', id, { name, note, folder }, actor);
  return projectById(change.db, id);
}

async function update(
  change: Change,
  kind: 'user' | 'project',
  id: number,
  values: { name?: string | undefined; note?: string | undefined; folder?: string | null | undefined },
  actor: string,
): Promise<void> {
  if (values.name !== undefined) await refuseTaken(change.db, kind, values.name, id);
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  if (Object.keys(given).length === 0) return;
  await change.db
    .updateTable(kind as 'project')
    .set(given)
    .where('id', '=', id)
    .execute();
  const { name } = await read(change.db, kind, id);
  record(change, 'changed', kind, id, name, actor, given);
}

interface Deletion<T> {
  thing: T;
  dependents: Dependent[];
  purgedAt: number;
}

/** Moves a project to the trash. Its adapters and runs stay; they have no project until it is restored. */
export async function deleteProject(
  change: Change,
  { project, confirm }: z.output<(typeof protocol.projectsDelete)['params']>,
  actor: string,
): Promise<Deletion<ProjectRow>> {
  const id = await findProject(change.db, project);
  const dependents = await remove(change, 'project', id, confirm, actor);
  return { thing: await projectById(change.db, id), dependents, purgedAt: purgedAt(change.now) };
}

export async function deleteUser(
  change: Change,
  { user, confirm }: z.output<(typeof protocol.usersDelete)['params']>,
  actor: string,
): Promise<Deletion<UserRow>> {
  const id = await findUser(change.db, user);
  const dependents = await remove(change, 'user', id, confirm, actor);
  return { thing: await userById(change.db, id), dependents, purgedAt: purgedAt(change.now) };
}

async function remove(
  change: Change,
  kind: 'user' | 'project',
  id: number,
  confirm: boolean,
  actor: string,
): Promise<Dependent[]> {
  const { name } = await read(change.db, kind, id);
  const dependents = await dependentsOfOwner(change.db, kind, id);
  refuseDependents(`${kind} ${quote(name)}`, dependents, confirm);
  await change.db.updateTable(kind).set({ deleted_at: change.now }).where('id', '=', id).execute();
  await intoTrash(change, kind, id);
  record(change, 'deleted', kind, id, name, actor);
  return dependents;
}

export async function restoreUser(change: Change, id: number, actor: string): Promise<UserRow> {
  await restore(change, 'user', id, actor);
  return userById(change.db, id);
}
export async function restoreProject(change: Change, id: number, actor: string): Promise<ProjectRow> {
  await restore(change, 'project', id, actor);
  return projectById(change.db, id);
}

/** Restores a user or project from the trash. If its name is taken now, it gets the next free one. */
async function restore(change: Change, kind: 'user' | 'project', id: number, actor: string): Promise<void> {
  const { db } = change;
  const row = await db
    .selectFrom(kind as 'project')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw missing(kind, id);
  if (row.deleted_at === null) throw new VeraError('conflict', `${kind} ${quote(row.name)} is not in the trash`);
  if (kind === 'project' && row.folder !== null && (await projectAt(db, row.folder)) !== undefined)
    throw new VeraError(
      'conflict',
      `${quote(row.folder)} has become the folder of another project: change that one's folder first`,
    );
  const name = await freeName(row.name, nameTaken(db, kind));
  await db.updateTable(kind).set({ name, deleted_at: null }).where('id', '=', id).execute();
  await outOfTrash(change, kind, id);
  record(change, 'restored', kind, id, name, actor);
}

/** Reads one row to check that the catalog can be read. Throws VeraError 'catalog' or 'io' if it cannot. */
export async function assertReadable(db: Db): Promise<void> {
  await db.selectFrom('user').select('id').limit(1).execute();
}
