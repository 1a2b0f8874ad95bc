import type { AdapterRow } from '../protocol/adapters.ts';
import { baseName } from '../protocol/baseName.ts';
import { missing } from './names.ts';
import type { Db } from './schema.ts';

/** Selects adapters with everything that the protocol shows about them. */
export const selectAdapters = (db: Db) =>
  db
    .selectFrom('adapter')
    .innerJoin('layout', 'layout.id', 'adapter.layout_id')
    .innerJoin('base_model as base', 'base.id', 'adapter.base_id')
    .innerJoin('user', 'user.id', 'adapter.user_id')
    .leftJoin('project', (join) =>
      join.onRef('project.id', '=', 'adapter.project_id').on('project.deleted_at', 'is', null),
    )
    .select([
      'adapter.id',
      'adapter.name',
      'adapter.note',
      'adapter.tags',
      'user.name as user',
      'project.name as project',
      'layout.method',
      'layout.options',
      'layout.targets',
      'layout.parameters',
      'adapter.frozen_id as frozenId',
      'adapter.bytes',
      'adapter.hash',
      'base.id as baseId',
      'base.spec as baseSpec',
      'base.fingerprint',
      'adapter.run_id as run',
      'adapter.dataset_id as dataset',
      'adapter.parent_id as parent',
      'adapter.train_loss as trainLoss',
      'adapter.held_out_loss as heldOutLoss',
      'adapter.base_held_out_loss as baseHeldOutLoss',
      'adapter.created_at as createdAt',
      'adapter.deleted_at as deletedAt',
    ]);

type Query = ReturnType<typeof selectAdapters>;
type Row = Awaited<ReturnType<Query['execute']>>[number];

export const showAdapter = ({ frozenId, baseId, baseSpec, fingerprint, tags, options, ...row }: Row): AdapterRow => ({
  ...row,
  tags: JSON.parse(tags) as string[],
  options: JSON.parse(options) as AdapterRow['options'],
  ownFrozen: frozenId !== null,
  base: { id: baseId, name: baseName(baseSpec), fingerprint },
});

export async function readAdapter(db: Db, id: number): Promise<AdapterRow> {
  const row = await selectAdapters(db).where('adapter.id', '=', id).executeTakeFirst();
  if (!row) throw missing('adapter', id);
  return showAdapter(row);
}

export async function readAdapters(db: Db, narrow: (query: Query) => Query): Promise<AdapterRow[]> {
  return (await narrow(selectAdapters(db)).orderBy('adapter.id', 'desc').execute()).map(showAdapter);
}
