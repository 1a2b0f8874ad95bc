import { sql } from 'kysely';
import type { Event, EventBody, Topic } from '../protocol/events.ts';
import type { Db } from './schema.ts';

/** Events of any of the topics with a number above `after`, in order, at most `limit`. */
export async function readEvents(db: Db, topics: readonly Topic[], after: number, limit: number): Promise<Event[]> {
  const types = topics.flatMap((topic) => (topic === 'jobs' ? ['job'] : topic === 'catalog' ? ['catalog'] : []));
  const jobs = topics.flatMap((topic) => (topic.startsWith('job/') ? [Number(topic.slice(4))] : []));
  // Walk one index per topic and merge by number. A condition with OR would read the whole table.
  const walks = [
    ...types.map(
      (type) => sql`SELECT number FROM event WHERE type = ${type} AND number > ${after} ORDER BY number LIMIT ${limit}`,
    ),
    ...jobs.map(
      (job) => sql`SELECT number FROM event WHERE job_id = ${job} AND number > ${after} ORDER BY number LIMIT ${limit}`,
    ),
  ];
  if (walks.length === 0) return [];
  const union = sql.join(
    walks.map((walk) => sql`SELECT number FROM (${walk})`),
    sql` UNION `,
  );
  const { rows } = await sql<{ number: number; time: number; body: string }>`
    SELECT number, time, body FROM event WHERE number IN (${union}) ORDER BY number LIMIT ${limit}`.execute(db);
  return rows.map(({ number, time, body }) => ({ number, time, body: JSON.parse(body) as EventBody }));
}

/** Number of the latest event, even if it was pruned since. 0: there was none. */
export async function lastEvent(db: Db): Promise<number> {
  const { rows } = await sql<{ seq: number }>`SELECT seq FROM sqlite_sequence WHERE name = 'event'`.execute(db);
  return rows[0]?.seq ?? 0;
}

/** Number of the oldest kept event; one more than the latest if none is kept. */
export async function firstEvent(db: Db): Promise<number> {
  const row = await db.selectFrom('event').select('number').orderBy('number').limit(1).executeTakeFirst();
  return row?.number ?? (await lastEvent(db)) + 1;
}

/** Deletes the oldest events until `keep` are left. Returns how many were deleted. Call it in a change. */
export async function pruneEvents(db: Db, keep: number): Promise<number> {
  const border = await db
    .selectFrom('event')
    .select('number')
    .orderBy('number', 'desc')
    .offset(keep)
    .limit(1)
    .executeTakeFirst();
  if (!border) return 0;
  const { numDeletedRows } = await db.deleteFrom('event').where('number', '<=', border.number).executeTakeFirst();
  return Number(numDeletedRows);
}
