/** Single values of the catalog, by key. */
import type { Db } from './schema.ts';

export async function stateOf(db: Db, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('state').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value;
}

export async function setState(db: Db, key: string, value: string): Promise<void> {
  await db
    .insertInto('state')
    .values({ key, value })
    .onConflict((conflict) => conflict.doUpdateSet({ value }))
    .execute();
}
