import type { Change } from './change.ts';
import { missing } from './names.ts';
import type { Db } from './schema.ts';

/** How a base was named last, and the fingerprint of its weights. Throws VeraError 'missing'. */
export async function readBase(db: Db, id: number): Promise<{ id: number; spec: string; fingerprint: string }> {
  const row = await db.selectFrom('base_model').select(['id', 'spec', 'fingerprint']).where('id', '=', id).executeTakeFirst(); // prettier-ignore
  if (!row) throw missing('base model', id);
  return row;
}

/** Takes a base from the list, unless a run or an adapter needs it. Whether it is gone. */
export async function forgetBase(change: Change, id: number, actor: string): Promise<boolean> {
  const { db } = change;
  const { spec } = await readBase(db, id);
  for (const table of ['run', 'adapter'] as const) {
    const user = await db.selectFrom(table).select('id').where('base_id', '=', id).limit(1).executeTakeFirst();
    if (user) return false;
  }
  await db.deleteFrom('base_model').where('id', '=', id).execute();
  change.emit({ type: 'catalog', change: 'deleted', kind: 'base', id, name: spec });
  change.audit({ actor, action: 'delete', kind: 'base', subject: id, details: { spec } });
  return true;
}
