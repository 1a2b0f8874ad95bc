import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { z } from 'zod';
import { quote } from '../formats/quote.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import type * as protocol from '../protocol/adapters.ts';
import type { AdapterRow } from '../protocol/adapters.ts';
import { VeraError } from '../protocol/errors.ts';
import { addAdapter } from './adapters.ts';
import { readAdapter } from './adapterRows.ts';
import { baseName } from '../protocol/baseName.ts';
import type { Change } from './change.ts';
import { adapterContent } from './content.ts';
import { adapterOfHash, findAdapter } from './find.ts';
import type { Catalog } from './open.ts';
import { ensureUser, findProject, findUser } from './owners.ts';
import { packedFile, readPacked } from './packed.ts';
import type { FormOf, PackedFacts } from './packed.ts';
import { addExport, ensureDataset, readDataset } from './records.ts';
import { readRun } from './runs.ts';
import type { Db } from './schema.ts';

type Params<M extends { params: z.ZodType }> = z.output<M['params']>;

/** Writes an adapter, with what is known of it, as one file that must not exist yet; whole or absent. */
export async function packAdapter(
  catalog: Catalog,
  { file, ...which }: Params<typeof protocol.pack>,
  actor: string,
): Promise<{ file: string; bytes: number }> {
  const id = await findAdapter(catalog.db, which);
  const bytes = await writePacked(catalog.db, id, file);
  await catalog.change((change) => addExport(change, { adapterId: id, kind: 'packed', path: file, actor }));
  return { file, bytes };
}

/** Writes the file of an adapter, and nothing into the catalog. Returns its bytes. */
export async function writePacked(db: Db, id: number, file: string): Promise<number> {
  const content = await adapterContent(db, id);
  // Paths of this machine stay here: a base is known by its fingerprint.
  const base = { ...content.base, spec: baseName(content.base.spec) };
  const { tensors, metadata } = packedFile({ ...content, base }, await factsOf(db, id));
  if (existsSync(file)) throw new VeraError('usage', `${quote(file)} exists: choose another name or remove it first`);
  writeSafetensors(file, tensors, metadata);
  return statSync(file).size;
}

async function factsOf(db: Db, id: number): Promise<PackedFacts> {
  const row = await readAdapter(db, id);
  const dataset = row.dataset === null ? null : await readDataset(db, row.dataset);
  const run = row.run === null ? null : await readRun(db, row.run);
  const parent = row.parent === null ? null : await readAdapter(db, row.parent);
  return {
    name: row.name,
    note: row.note,
    tags: row.tags,
    createdAt: row.createdAt,
    losses: { train: row.trainLoss, heldOut: row.heldOutLoss, baseHeldOut: row.baseHeldOutLoss },
    ...(dataset && {
      dataset: { hash: dataset.hash, name: basename(dataset.path), format: dataset.format, rows: dataset.rows },
    }),
    ...(run && {
      run: {
        settings: withoutPaths(run.settings),
        step: run.step,
        steps: run.steps,
        losses: { train: run.trainLoss, heldOut: run.heldOutLoss, baseHeldOut: run.baseHeldOutLoss },
        createdAt: run.createdAt,
        endedAt: run.endedAt,
      },
    }),
    ...(parent && { parent: { name: parent.name, hash: parent.hash } }),
  };
}

type Settings = NonNullable<PackedFacts['run']>['settings'];

/** Settings with the names of files and folders in place of their paths. */
const withoutPaths = (settings: Settings): Settings =>
  Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      key,
      typeof value === 'string' && /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(value)
        ? (value.split(/[\\/]/).at(-1) ?? '')
        : value,
    ]),
  );

/**
 * Takes in an adapter from the file of another catalog, under its own name or the next free one. Its run and dataset come with
 * it; its parent is linked where it is here too. Throws VeraError 'format', 'adapter' or 'io' where the file is not whole.
 */
export async function unpackAdapter(
  catalog: Catalog,
  { file, name, project, user }: Params<typeof protocol.unpack>,
  actor: string,
  formOf: FormOf,
): Promise<AdapterRow> {
  const { content, facts } = readPacked(file, formOf);
  return catalog.change(async (change) => {
    const { db } = change;
    const userId = user === undefined ? await ensureUser(change) : await findUser(db, user);
    const projectId = project === undefined ? null : await findProject(db, project);
    const known = await db
      .selectFrom('base_model')
      .select('spec')
      .where('fingerprint', '=', content.base.fingerprint)
      .executeTakeFirst();
    const { dataset, run, parent, losses } = facts;
    const knownData = dataset
      ? await db.selectFrom('dataset').select('id').where('hash', '=', dataset.hash).executeTakeFirst()
      : undefined;
    return addAdapter(
      change,
      // A base that is here keeps the place it has here.
      { ...content, base: { ...content.base, spec: known?.spec ?? content.base.spec } },
      {
        name: name ?? facts.name,
        unique: name === undefined ? 'suffix' : 'refuse',
        userId,
        projectId,
        runId: run ? await insertRun(change, run, { userId, projectId, actor, file }) : null,
        datasetId: dataset && (knownData?.id ?? (await ensureDataset(change, { ...dataset, path: dataset.name }))),
        parentId: parent && (await adapterOfHash(db, parent.hash)),
        note: facts.note,
        tags: facts.tags,
        losses,
        actor,
      },
    );
  });
}

/** The run that made an adapter elsewhere; it has no folder here. */
async function insertRun(
  change: Change,
  run: NonNullable<PackedFacts['run']>,
  { userId, projectId, actor, file }: { userId: number; projectId: number | null; actor: string; file: string },
): Promise<number> {
  const { insertId } = await change.db
    .insertInto('run')
    .values({
      ...{ job_id: null, state: 'succeeded', user_id: userId, project_id: projectId, base_id: null, dataset_id: null },
      ...{ settings: JSON.stringify(run.settings), out: '', step: run.step, steps: run.steps, report: null },
      ...{
        train_loss: run.losses.train,
        held_out_loss: run.losses.heldOut,
        base_held_out_loss: run.losses.baseHeldOut,
      },
      ...{
        created_at: Math.round(run.createdAt),
        ended_at: Math.round(run.endedAt ?? run.createdAt),
        deleted_at: null,
      },
    })
    .executeTakeFirst();
  const id = Number(insertId);
  change.emit({ type: 'catalog', change: 'created', kind: 'run', id, name: null });
  change.audit({ actor, action: 'create', kind: 'run', subject: id, details: { from: file } });
  return id;
}
