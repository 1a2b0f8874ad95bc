import { sql, type SqlBool } from 'kysely';
import type { z } from 'zod';
import type * as protocol from '../protocol/records.ts';
import type { Change } from './change.ts';
import { keysOf, pageOf } from './pages.ts';
import type { Page } from './pages.ts';
import type { Db } from './schema.ts';

type Params<M extends { params: z.ZodType }> = z.output<M['params']>;
type BaseModel = z.infer<typeof protocol.baseModel>;
type Dataset = z.infer<typeof protocol.dataset>;
type Exported = z.infer<typeof protocol.exported>;
type AuditEntry = z.infer<typeof protocol.auditEntry>;

/** Facts about a dataset. */
export interface DatasetFacts {
  /** sha256 of its content. */
  readonly hash: string;
  readonly path: string;
  readonly format?: string | null | undefined;
  readonly rows?: number | null | undefined;
}

/** The row of a dataset. Creates or updates it. */
export async function ensureDataset(change: Change, { hash, path, format, rows }: DatasetFacts): Promise<number> {
  const { db, now } = change;
  const values = { path, ...(format == null ? {} : { format }), ...(rows == null ? {} : { rows }), used_at: now };
  const known = await db.selectFrom('dataset').select('id').where('hash', '=', hash).executeTakeFirst();
  if (known) {
    await db.updateTable('dataset').set(values).where('id', '=', known.id).execute();
    return known.id;
  }
  const { insertId } = await db
    .insertInto('dataset')
    .values({ format: null, rows: null, ...values, hash, created_at: now })
    .executeTakeFirst();
  const id = Number(insertId);
  change.emit({ type: 'catalog', change: 'created', kind: 'dataset', id, name: path });
  return id;
}

/** Something that was written from an adapter. */
export interface NewExport {
  readonly adapterId: number | null;
  readonly jobId?: number | null | undefined;
  /** 'peft', 'safetensors', 'merge', 'packed'... */
  readonly kind: string;
  readonly path: string;
  readonly details?: object | undefined;
  readonly actor: string;
}

export async function addExport(change: Change, exported: NewExport): Promise<number> {
  const { adapterId, jobId, kind, path, details, actor } = exported;
  const { insertId } = await change.db
    .insertInto('export')
    .values({
      adapter_id: adapterId,
      job_id: jobId ?? null,
      kind,
      path,
      details: JSON.stringify(details ?? {}),
      created_at: change.now,
    })
    .executeTakeFirst();
  const id = Number(insertId);
  change.emit({ type: 'catalog', change: 'created', kind: 'export', id, name: path });
  change.audit({ actor, action: 'create', kind: 'export', subject: id, details: { kind, path, adapter: adapterId } });
  return id;
}

/** Rows after this one, in a list that begins with the last used one. */
const usedBefore = ([usedAt, id]: readonly [number, number]) => sql<SqlBool>`(used_at, id) < (${usedAt}, ${id})`;

/** Base models, last used first. */
export async function listBases(db: Db, { limit, after }: Params<typeof protocol.basesList>): Promise<Page<BaseModel>> {
  const from = keysOf(after, ['number', 'number']);
  let query = db
    .selectFrom('base_model')
    .selectAll()
    .orderBy('used_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (from) query = query.where(usedBefore(from));
  const show = ({ created_at, used_at, ...row }: Awaited<ReturnType<typeof query.execute>>[number]): BaseModel => ({
    ...row,
    createdAt: created_at,
    usedAt: used_at,
  });
  return pageOf(await query.execute(), limit, show, (row) => [row.used_at, row.id]);
}

/** Datasets, last used first. */
export async function listDatasets(
  db: Db,
  { limit, after }: Params<typeof protocol.datasetsList>,
): Promise<Page<Dataset>> {
  const from = keysOf(after, ['number', 'number']);
  let query = db
    .selectFrom('dataset')
    .selectAll()
    .orderBy('used_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (from) query = query.where(usedBefore(from));
  const rows = await query.execute();
  return pageOf(rows, limit, showDataset, (row) => [row.used_at, row.id]);
}

const showDataset = ({
  created_at,
  used_at,
  ...row
}: Omit<Dataset, 'createdAt' | 'usedAt'> & { created_at: number; used_at: number }): Dataset => ({
  ...row,
  createdAt: created_at,
  usedAt: used_at,
});

/** One dataset; null if there is none with that number. */
export async function readDataset(db: Db, id: number): Promise<Dataset | null> {
  const row = await db.selectFrom('dataset').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? showDataset(row) : null;
}

/** Exports and merges, newest first. */
export async function listExports(
  db: Db,
  { adapter, limit, after }: Params<typeof protocol.exportsList>,
): Promise<Page<Exported>> {
  const from = keysOf(after, ['number']);
  let query = db
    .selectFrom('export')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (from) query = query.where('id', '<', from[0]);
  if (adapter !== undefined) query = query.where('adapter_id', '=', adapter);
  return pageOf(
    await query.execute(),
    limit,
    (row) => ({
      id: row.id,
      adapter: row.adapter_id,
      job: row.job_id,
      kind: row.kind,
      path: row.path,
      details: JSON.parse(row.details) as Exported['details'],
      createdAt: row.created_at,
    }),
    (row) => [row.id],
  );
}

/** The audit trail, newest first. */
export async function listAudit(db: Db, params: Params<typeof protocol.auditList>): Promise<Page<AuditEntry>> {
  const from = keysOf(params.after, ['number']);
  let query = db
    .selectFrom('audit')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(params.limit + 1);
  if (from) query = query.where('id', '<', from[0]);
  if (params.kind !== undefined) query = query.where('kind', '=', params.kind);
  if (params.subject !== undefined) query = query.where('subject_id', '=', params.subject);
  return pageOf(
    await query.execute(),
    params.limit,
    (row) => ({
      id: row.id,
      time: row.time,
      actor: row.actor,
      action: row.action,
      kind: row.kind,
      subject: row.subject_id,
      details: JSON.parse(row.details) as AuditEntry['details'],
    }),
    (row) => [row.id],
  );
}
