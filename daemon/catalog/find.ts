import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';
import { missing, nearest } from './names.ts';
import { findProject, findUser } from './owners.ts';
import type { Db } from './schema.ts';

type Ref = number | string;

const SHOWN = 5; // candidates in an error
const NEAR = 200; // names to compare with an unknown one

/**
 * The number of an adapter outside the trash. A name is searched in the project first, then among adapters without a project,
 * then everywhere; there it must be the only match, or the only match of the user (`prefer`: a user whose match is preferred).
 * A name of digits that no adapter has is read as a number. Throws VeraError 'missing' or 'conflict'.
 */
export async function findAdapter(
  db: Db,
  { adapter: ref, project, user }: { adapter: Ref; project?: Ref | undefined; user?: Ref | undefined },
  prefer?: number,
): Promise<number> {
  const userId = user === undefined ? prefer : await findUser(db, user);
  if (typeof ref === 'number') return byNumber(db, ref);
  const projectId = project === undefined ? undefined : await findProject(db, project);
  const found = await db
    .selectFrom('adapter')
    .leftJoin('project', 'project.id', 'adapter.project_id')
    .select(['adapter.id', 'adapter.project_id as projectId', 'adapter.user_id as userId', 'project.name as project'])
    .select('project.deleted_at as projectDeleted')
    .where('adapter.name', '=', ref)
    .where('adapter.deleted_at', 'is', null)
    .limit(NEAR)
    .execute();
  const inProject = projectId === undefined ? undefined : found.find((one) => one.projectId === projectId);
  const inNone = found.find((one) => one.projectId === null) ?? one(found.filter((row) => row.projectDeleted !== null));
  const only = one(found) ?? one(found.filter((row) => row.userId === userId));
  const chosen = inProject ?? inNone ?? only;
  if (chosen) return chosen.id;
  if (found.length > 0) {
    const candidates = found.slice(0, SHOWN).map((row) => `${row.id} in project ${quote(row.project ?? '')}`);
    const more = found.length > SHOWN ? ' and more' : '';
    throw new VeraError(
      'conflict',
      `there are several adapters named ${quote(ref)}: ${candidates.join(', ')}${more}; give the number, or the project`,
    );
  }
  if (/^\d{1,15}$/.test(ref)) return byNumber(db, Number(ref));
  throw missing('adapter', ref, nearest(ref, await namesNear(db, ref)));
}

const one = <T>(rows: readonly T[]): T | undefined => (rows.length === 1 ? rows[0] : undefined);

async function byNumber(db: Db, id: number): Promise<number> {
  const row = await db.selectFrom('adapter').select(['name', 'deleted_at']).where('id', '=', id).executeTakeFirst();
  if (!row) throw missing('adapter', id);
  if (row.deleted_at !== null)
    throw new VeraError('missing', `adapter ${id} (${quote(row.name)}) is in the trash: restore it first`);
  return id;
}

/** Names near one in the alphabet: those with the same beginning, and its neighbours. Does not read a million names. */
async function namesNear(db: Db, name: string): Promise<string[]> {
  const living = db.selectFrom('adapter').select('name').distinct().where('deleted_at', 'is', null).limit(NEAR);
  const from = (start: string) => living.where('name', '>=', start).orderBy('name').execute();
  const lists = await Promise.all([
    from(name.slice(0, Math.ceil(name.length / 2))),
    from(name.slice(0, 1)),
    from(name),
    living.where('name', '<', name).orderBy('name', 'desc').execute(),
  ]);
  return lists.flat().map((row) => row.name);
}

/** The number of an adapter with this content hash; null if there is none outside the trash. `trash`: one in the trash will do. */
export async function adapterOfHash(db: Db, hash: string, { trash = false } = {}): Promise<number | null> {
  const row = await db
    .selectFrom('adapter')
    .select('id')
    .where((eb) => eb(eb.fn<string>('substr', ['hash', eb.lit(1), eb.lit(16)]), '=', hash.slice(0, 16)))
    .where('hash', '=', hash)
    .$if(!trash, (query) => query.where('deleted_at', 'is', null))
    .orderBy('id')
    .executeTakeFirst();
  return row?.id ?? null;
}
