/** Which base and adapter a client means by the name of a model. Names are looked up for each request; nothing is remembered. */
import { sql } from 'kysely';
import type { AdapterRow } from '../protocol/adapters.ts';
import { VeraError } from '../protocol/errors.ts';
import { quote } from '../formats/quote.ts';
import { activeAdapter, basesNamed } from './adapters.ts';
import { readAdapter, selectAdapters, showAdapter } from './adapterRows.ts';
import { baseName } from '../protocol/baseName.ts';
import { findAdapter } from './find.ts';
import { missing } from './names.ts';
import { defaultUser, findUser } from './owners.ts';
import type { Db } from './schema.ts';

type Ref = number | string;

/** Whose adapters are meant where a name fits several, and whose active adapter. */
export interface Whose {
  readonly project?: Ref | undefined;
  readonly workspace?: string | undefined;
  readonly user?: Ref | undefined;
}

/** A base, with or without an adapter, that can be asked for answers. */
export interface ServedModel {
  /** As the list of models names it. */
  readonly id: string;
  /** A folder, a file or a hub id. */
  readonly base: string;
  readonly adapter: Pick<AdapterRow, 'id' | 'name' | 'hash'> | null;
  /** It was not named: it is the active one. */
  readonly active: boolean;
}

export interface ListedModel extends ServedModel {
  readonly createdAt: number;
  readonly user: string | null;
}

/** The word for the active adapter, for clients that must name a model. */
const ACTIVE = 'active';
/** `active@notes` is the active adapter of the project "notes", for clients that can say nothing but a model. */
const ACTIVE_IN = `${ACTIVE}@`;
/** The word for the base of the active adapter, or else the base that was used last. */
export const BASE = 'base';

/**
 * The model of a name: an adapter's name or number, `base:adapter`, a base (spec, last part of the spec, or fingerprint), 'base',
 * 'active' or 'active@project'. The first that fits counts. Throws VeraError 'missing' or 'conflict'.
 */
export async function modelNamed(db: Db, name: string, whose: Whose): Promise<ServedModel> {
  const { project, user } = whose;
  const adapter = await orMissing(findAdapter(db, { adapter: name, project, user }));
  if (adapter !== undefined) return modelOfAdapter(db, await readAdapter(db, adapter));
  if (name === ACTIVE) return activeModel(db, whose);
  if (name.startsWith(ACTIVE_IN)) return activeModel(db, { user, project: name.slice(ACTIVE_IN.length) });
  if (name === BASE) return baseModel(db, whose);
  const base = await orMissing(baseNamed(db, name));
  if (base !== undefined) return base;
  for (let at = name.indexOf(':'); at >= 0; at = name.indexOf(':', at + 1)) {
    const found = await adapterOn(db, name.slice(0, at), name.slice(at + 1), whose);
    if (found !== undefined) return modelOfAdapter(db, found);
  }
  throw new VeraError(
    'missing',
    `there is no model ${quote(name)}: it is neither an adapter nor a base of the catalog`,
  );
}

/** The active adapter on its base. Throws VeraError 'missing' if none is active. */
export async function activeModel(db: Db, whose: Whose): Promise<ServedModel> {
  const { adapter } = await activeAdapter(db, whose);
  if (adapter === null)
    throw new VeraError(
      'missing',
      `no adapter is active: make one active, or name a model (${quote(BASE)} is the base alone)`,
    );
  return { ...(await modelOfAdapter(db, adapter)), active: true };
}

/** An adapter on its own base. */
export async function modelOfAdapter(db: Db, { id, name, hash, base }: AdapterRow): Promise<ServedModel> {
  const { spec } = await db.selectFrom('base_model').select('spec').where('id', '=', base.id).executeTakeFirstOrThrow();
  const [row] = await selectAdapters(db).select(alike).where('adapter.id', '=', id).execute();
  return { id: modelId(base.name, id, name, row!.alike), base: spec, adapter: { id, name, hash }, active: false };
}

/** How many adapters of the same base have the same name (in several projects). */
const alike = sql<number>`(SELECT count(*) FROM adapter AS other WHERE other.name = adapter.name
  AND other.base_id = adapter.base_id AND other.deleted_at IS NULL)`.as('alike');

const modelId = (base: string, id: number, name: string, alike: number): string =>
  `${base}:${alike > 1 ? String(id) : name}`;

/** The base of this spec, last part of a spec, or fingerprint, without an adapter. Throws VeraError 'missing'. */
export const baseNamed = async (db: Db, name: string): Promise<ServedModel> => baseOf(db, await basesNamed(db, name));

async function baseModel(db: Db, whose: Whose): Promise<ServedModel> {
  const { adapter } = await activeAdapter(db, whose);
  return baseOf(db, adapter === null ? undefined : [adapter.base.id]);
}

/** The base of these that was used last; of all bases if none are given. */
async function baseOf(db: Db, ids: readonly number[] | undefined): Promise<ServedModel> {
  let query = db.selectFrom('base_model').select('spec').orderBy('used_at', 'desc').orderBy('id', 'desc').limit(1);
  if (ids !== undefined) query = query.where('id', 'in', ids);
  const row = await query.executeTakeFirst();
  if (row === undefined) throw missing('base', BASE);
  return { id: baseName(row.spec), base: row.spec, adapter: null, active: false };
}

/** The adapter of `base:adapter`; undefined if there is no such base or adapter. Throws VeraError 'conflict'. */
async function adapterOn(db: Db, base: string, name: string, whose: Whose): Promise<AdapterRow | undefined> {
  const { project, user } = whose;
  if (base === '' || name === '') return undefined;
  const bases = base === BASE ? undefined : await orMissing(basesNamed(db, base));
  if (base !== BASE && bases === undefined) return undefined;
  const on = ({ base: { id } }: AdapterRow): boolean => bases?.includes(id) ?? true;
  const named = selectAdapters(db).where('adapter.name', '=', name).where('adapter.deleted_at', 'is', null);
  const rows = (await named.limit(100).execute()).map(showAdapter).filter(on);
  if (rows.length === 1) return rows[0];
  const id = await orMissing(findAdapter(db, { adapter: name, project, user }));
  const found = id === undefined ? undefined : await readAdapter(db, id);
  return found !== undefined && on(found) ? found : undefined;
}

/** Everything that can be asked for: the active adapters, bases, and adapters, the newest first, at most `limit` of each. */
export async function listModels(db: Db, limit: number, whose: Whose = {}): Promise<ListedModel[]> {
  const active = await activeAdapter(db, whose);
  const chosenIn = await projectsWithActive(db, whose, limit);
  const bases = await db
    .selectFrom('base_model')
    .select(['spec', 'created_at as createdAt'])
    .orderBy('used_at', 'desc')
    .limit(limit)
    .execute();
  const adapters = await selectAdapters(db)
    .select(alike)
    .where('adapter.deleted_at', 'is', null)
    .orderBy('adapter.id', 'desc')
    .limit(limit)
    .execute();
  const rows = adapters.map((row): ListedModel => {
    const { id, name, hash, baseSpec, createdAt, user } = row;
    const model = { id: modelId(baseName(baseSpec), id, name, row.alike), base: baseSpec, adapter: { id, name, hash } };
    return { ...model, createdAt, user, active: id === active.adapter?.id };
  });
  const listed = (id: number | undefined, name: string): ListedModel[] =>
    rows.filter(({ adapter }) => adapter?.id === id).map((row) => ({ ...row, id: name, active: true }));
  return [
    ...listed(active.adapter?.id, ACTIVE),
    ...chosenIn.flatMap(({ project, adapter }) => listed(adapter, `${ACTIVE_IN}${project}`)),
    ...bases.map(({ spec, createdAt }) => ({
      ...{ id: baseName(spec), base: spec, adapter: null, active: false },
      ...{ createdAt, user: null },
    })),
    ...rows,
  ];
}

/** The projects for which a user has chosen an adapter of their own, with its number. */
async function projectsWithActive(
  db: Db,
  { user = defaultUser() }: Whose,
  limit: number,
): Promise<{ project: string; adapter: number }[]> {
  const userId = await orMissing(findUser(db, user));
  if (userId === undefined) return [];
  return db
    .selectFrom('active_adapter as chosen')
    .innerJoin('project', 'project.id', 'chosen.project_id')
    .select(['project.name as project', 'chosen.adapter_id as adapter'])
    .where('chosen.user_id', '=', userId)
    .where('project.deleted_at', 'is', null)
    .orderBy('project.name')
    .limit(limit)
    .execute();
}

/** What was found; undefined if nothing was. */
async function orMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof VeraError && error.code === 'missing') return undefined;
    throw error;
  }
}
