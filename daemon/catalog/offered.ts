import { readAdapter, selectAdapters } from './adapterRows.ts';
import { baseName } from '../protocol/baseName.ts';
import { activeAdapter } from './adapters.ts';
import type { Db } from './schema.ts';
import { modelOfAdapter, type ServedModel, type Whose } from './served.ts';

/** A model of the catalog that can be asked. */
export interface CatalogModel {
  readonly model: ServedModel;
  /** Of the base's weights. */
  readonly fingerprint: string;
  readonly createdAt: number;
}

/** The active adapter, the bases that were used last, and the newest adapters. `more`: adapters that are not listed. */
export async function offeredModels(
  db: Db,
  { bases: mostBases, adapters: mostAdapters, ...whose }: Whose & { readonly bases: number; readonly adapters: number },
): Promise<{ active: CatalogModel | null; bases: CatalogModel[]; adapters: CatalogModel[]; more: number }> {
  const { adapter: chosen } = await activeAdapter(db, whose);
  const ofAdapter = async (id: number): Promise<CatalogModel> => {
    const adapter = await readAdapter(db, id);
    const model = { ...(await modelOfAdapter(db, adapter)), active: id === chosen?.id };
    return { model, fingerprint: adapter.base.fingerprint, createdAt: adapter.createdAt };
  };
  const bases = await db
    .selectFrom('base_model')
    .select(['spec', 'fingerprint', 'created_at as createdAt'])
    .orderBy('used_at', 'desc')
    .orderBy('id', 'desc')
    .limit(2 * mostBases)
    .execute();
  // A folder whose weights were replaced is in the catalog twice: now it is the base that was used last.
  const places = new Map(bases.toReversed().map((base) => [base.spec, base]));
  const adapters = await selectAdapters(db)
    .where('adapter.deleted_at', 'is', null)
    .orderBy('adapter.id', 'desc')
    .limit(mostAdapters)
    .execute();
  const { count } = await db
    .selectFrom('adapter')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  return {
    active: chosen === null ? null : await ofAdapter(chosen.id),
    bases: bases
      .filter((base) => places.get(base.spec) === base)
      .slice(0, mostBases)
      .map(({ spec, fingerprint, createdAt }) => ({
        ...{ fingerprint, createdAt },
        model: { id: baseName(spec), base: spec, adapter: null, active: false },
      })),
    adapters: await Promise.all(adapters.map(({ id }) => ofAdapter(id))),
    more: count - adapters.length,
  };
}
