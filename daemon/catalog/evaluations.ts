import { sql } from 'kysely';
import type { z } from 'zod';
import { completionReport } from '../protocol/completionReport.ts';
import type * as protocol from '../protocol/runs.ts';
import type { Db } from './schema.ts';

type Found = z.input<(typeof protocol.completions)['result']>;

/** The newest evaluation of completions with an adapter that a run made. One that another version wrote in another form is none. */
export async function newestEvaluation(db: Db, run: number): Promise<Found> {
  const row = await db
    .selectFrom('job')
    .select(['job.id', 'job.result', 'job.ended_at as endedAt'])
    .where('job.kind', '=', 'completion')
    .where('job.state', '=', 'succeeded')
    .where(
      sql<boolean>`EXISTS (SELECT 1 FROM json_each(job.spec, '$.adapters') AS one
        JOIN adapter ON adapter.id = one.value WHERE adapter.run_id = ${run})`,
    )
    .orderBy('job.id', 'desc')
    .executeTakeFirst();
  const report = row?.result == null ? undefined : completionReport.safeParse(JSON.parse(row.result)).data;
  if (row === undefined || report === undefined) return { evaluation: null };
  const { suggestions: _, ...figures } = report;
  return { evaluation: { job: row.id, endedAt: row.endedAt, report: figures } };
}
