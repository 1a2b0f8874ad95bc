import type Database from 'better-sqlite3';
import { CompiledQuery } from 'kysely';
import type { z } from 'zod';
import { METRIC_NAMES } from '../protocol/metrics.ts';
import type { Metric, MetricName } from '../protocol/metrics.ts';
import type * as protocol from '../protocol/runs.ts';
import type { Change } from './change.ts';
import { missing } from './names.ts';
import type { Db } from './schema.ts';

/** The column of a metric: learningRate -> learning_rate. */
const columnOf = (name: MetricName): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const COLUMNS = METRIC_NAMES.map(columnOf);

/**
 * Gives the table of metrics a column for each metric that it has none for yet. A metric comes with a line in the protocol's
 * table, not with a migration. A column that this program does not know stays and is left alone.
 */
export function addMetricColumns(database: Database.Database): void {
  const table = database.pragma('table_info(metric)') as { name: string }[];
  if (table.length === 0) return; // a catalog of another program's migrations
  const known = new Set(table.map(({ name }) => name));
  for (const column of COLUMNS) if (!known.has(column)) database.exec(`ALTER TABLE metric ADD COLUMN ${column} REAL`);
}

// Plain statements: building a query takes longer than running these, and a run of a small model has thousands of steps a minute.
const ADD = `INSERT INTO metric (run_id, step, ${COLUMNS.join(', ')}) VALUES (?, ?, ${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (run_id, step) DO UPDATE SET ${COLUMNS.map((column) => `${column} = coalesce(excluded.${column}, ${column})`).join(', ')}`;
const READ = `SELECT step, ${METRIC_NAMES.map((name, i) => `${COLUMNS[i]} AS "${name}"`).join(', ')}
  FROM metric WHERE run_id = ? AND step > ? ORDER BY step LIMIT ?`;

/**
 * Stores steps and evaluations. One that is stored already is overwritten, so that a resumed run may repeat some; null keeps what
 * is stored.
 */
export async function addMetrics(change: Change, run: number, metrics: readonly Metric[]): Promise<void> {
  for (const metric of metrics) {
    const values = [run, metric.step, ...METRIC_NAMES.map((name) => metric[name])];
    await change.db.executeQuery(CompiledQuery.raw(ADD, values));
  }
}

/** Steps and evaluations of a run after a step, by step. Throws VeraError 'missing'. */
export async function runMetrics(
  db: Db,
  { run, after, limit }: z.output<(typeof protocol.metrics)['params']>,
): Promise<{ metrics: Metric[]; more: boolean }> {
  const known = await db.selectFrom('run').select('id').where('id', '=', run).executeTakeFirst();
  if (!known) throw missing('run', run);
  const { rows } = await db.executeQuery<Metric>(CompiledQuery.raw(READ, [run, after ?? -1, limit + 1]));
  return { metrics: rows.slice(0, limit), more: rows.length > limit };
}
