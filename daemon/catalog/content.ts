import { createHash } from 'node:crypto';
import { CompiledQuery } from 'kysely';
import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Db } from './schema.ts';
import type { Change } from './change.ts';

/** A layer an adapter is on. */
export interface Site {
  readonly path: string;
  readonly layer?: number;
  readonly dIn: number;
  readonly dOut: number;
  readonly bias: boolean;
}

/** An adapter itself, without what is known about it. */
export interface AdapterContent {
  readonly method: 'vera' | 'lora';
  /** Settings of the method: rank, alpha, projectionKey... */
  readonly options: Readonly<Record<string, number>>;
  readonly sites: readonly Site[];
  /** As the user wrote them. */
  readonly targets: string;
  /** Site by site; VeRA: b [dOut], d [rank]; LoRA: A [rank, dIn], B [dOut, rank]. */
  readonly theta: Float32Array;
  /** VeRA's A [rank, maxIn] and B [maxOut, rank] where they are not those of the key. */
  readonly projection?: Projection;
  readonly base: Base;
}

export interface Projection {
  readonly rank: number;
  readonly maxIn: number;
  readonly maxOut: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

export interface Base {
  readonly fingerprint: string;
  /** A folder, a file or a hub id. */
  readonly spec: string;
  readonly architecture?: string | undefined;
  readonly parameters?: number | undefined;
}

const MAX_SITES = 100_000; // linear layers; the largest mixtures of experts have some ten thousand

/** Trained numbers of a layer. */
export const siteParameters = (method: 'vera' | 'lora', { dIn, dOut }: Site, rank: number): number =>
  method === 'vera' ? dOut + rank : rank * (dIn + dOut);

/** Refuses content whose parts do not fit each other, before it is stored. Throws VeraError 'adapter'. */
export function checkContent(content: AdapterContent): void {
  const { method, options, sites, theta, projection, base } = content;
  const wrong = (message: string): never => {
    throw new VeraError('adapter', `the adapter is not whole: ${message}`);
  };
  const size = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
  const rank = options['rank'] ?? 0;
  if (method !== 'vera' && method !== 'lora') wrong(`method ${quote(String(method))} is unknown`);
  if (!size(rank)) wrong('its rank is not a positive number');
  for (const [name, value] of Object.entries(options))
    if (typeof value !== 'number' || !Number.isFinite(value)) wrong(`option ${quote(name)} is not a number`);
  if (sites.length === 0 || sites.length > MAX_SITES) wrong(`${sites.length} layers`);
  const paths = new Set<string>();
  for (const site of sites) {
    if (!size(site.dIn) || !size(site.dOut)) wrong(`layer ${quote(site.path)} has no size`);
    if (paths.has(site.path)) wrong(`layer ${quote(site.path)} stands twice`);
    paths.add(site.path);
  }
  const expected = sites.reduce((sum, site) => sum + siteParameters(method, site, rank), 0);
  if (theta.length !== expected) wrong(`${theta.length} values where its layers take ${expected}`);
  if (base.fingerprint === '') wrong('its base has no fingerprint');
  if (!projection) return;
  const { maxIn, maxOut, a, b } = projection;
  if (method !== 'vera' || projection.rank !== rank) wrong('its A and B are of another rank or method');
  if (sites.some((site) => site.dIn > maxIn || site.dOut > maxOut)) wrong('its A and B are too small for its layers');
  if (a.length !== rank * maxIn || b.length !== maxOut * rank) wrong('its A and B have not the sizes they claim');
}

/** sha256 of what an adapter is: base, method, settings, layers, vectors. Equal for equal adapters in any catalog. */
export function contentHash({ method, options, sites, theta, projection, base }: AdapterContent): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([base.fingerprint, method, sorted(options)])).update(textsOf(sites).key);
  hash.update('\0').update(bytesOf(theta));
  if (projection) hash.update('\0').update(projectionHash(projection));
  return hash.digest('hex');
}

const projectionHash = ({ rank, maxIn, maxOut, a, b }: Projection): string =>
  createHash('sha256')
    .update(JSON.stringify([rank, maxIn, maxOut]))
    .update(bytesOf(a))
    .update(bytesOf(b))
    .digest('hex');

/** The layers as text, for storing and as part of a hash; made once for a list, which many adapters may share. */
function textsOf(sites: readonly Site[]): { stored: string; key: string } {
  let texts = siteTexts.get(sites);
  if (!texts)
    siteTexts.set(sites, (texts = { stored: JSON.stringify(sites), key: JSON.stringify(sites.map(siteKey)) }));
  return texts;
}
const siteTexts = new WeakMap<readonly Site[], { stored: string; key: string }>();

const siteKey = ({ path, layer, dIn, dOut, bias }: Site) => [path, layer ?? null, dIn, dOut, bias];
const sorted = (options: Readonly<Record<string, number>>) =>
  Object.entries(options).sort(([one], [two]) => (one < two ? -1 : 1));
const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
/** A view of stored bytes; SQLite hands them out in a buffer of their own. */
const floatsOf = (bytes: Uint8Array): Float32Array =>
  new Float32Array(bytes.slice().buffer, 0, Math.floor(bytes.byteLength / 4));

/** The row of a base model, made or refreshed. */
export async function ensureBase(change: Change, base: Base): Promise<number> {
  const seen = basesSeen.get(change);
  if (seen?.base.fingerprint === base.fingerprint && seen.base.spec === base.spec) return seen.id;
  const id = await baseRow(change, base);
  basesSeen.set(change, { base, id });
  return id;
}

/** The base met last in a change: what brings a thousand adapters brings the same one. */
const basesSeen = new WeakMap<Change, { base: Base; id: number }>();

async function baseRow(change: Change, base: Base): Promise<number> {
  const values = {
    spec: base.spec,
    ...(base.architecture === undefined ? {} : { architecture: base.architecture }),
    ...(base.parameters === undefined ? {} : { parameters: base.parameters }),
    used_at: change.now,
  };
  const known = await change.db
    .selectFrom('base_model')
    .select('id')
    .where('fingerprint', '=', base.fingerprint)
    .executeTakeFirst();
  if (known) {
    await change.db.updateTable('base_model').set(values).where('id', '=', known.id).execute();
    return known.id;
  }
  const { insertId } = await change.db
    .insertInto('base_model')
    .values({
      architecture: null,
      parameters: null,
      ...values,
      fingerprint: base.fingerprint,
      created_at: change.now,
    })
    .executeTakeFirst();
  const id = Number(insertId);
  change.emit({ type: 'catalog', change: 'created', kind: 'base', id, name: base.spec });
  return id;
}

/** Layouts met in a change, for the same reason. */
const layoutsSeen = new WeakMap<Change, Map<string, number>>();

const layoutOf = async ({ db }: Change, hash: string): Promise<number | undefined> =>
  (await db.selectFrom('layout').select('id').where('hash', '=', hash).executeTakeFirst())?.id;

/** The row of what many adapters share. */
export async function ensureLayout(
  change: Change,
  { method, options, sites, targets }: AdapterContent,
): Promise<number> {
  const text = { options: JSON.stringify(Object.fromEntries(sorted(options))), sites: textsOf(sites).stored };
  const hash = createHash('sha256')
    .update(JSON.stringify([method, text.options, text.sites, targets]))
    .digest('hex');
  const seen = layoutsSeen.get(change) ?? new Map<string, number>();
  layoutsSeen.set(change, seen);
  const id = seen.get(hash) ?? (await layoutOf(change, hash));
  if (id !== undefined) {
    seen.set(hash, id);
    return id;
  }
  const rank = options['rank']!;
  const parameters = sites.reduce((sum, site) => sum + siteParameters(method, site, rank), 0);
  const { insertId } = await change.db
    .insertInto('layout')
    .values({ hash, method, rank, targets, ...text, parameters })
    .executeTakeFirst();
  return Number(insertId);
}

/** The row of an adapter's own A and B; null where they are those of its key. */
export async function ensureProjection(change: Change, projection: Projection | undefined): Promise<number | null> {
  if (!projection) return null;
  const hash = projectionHash(projection);
  const known = await change.db.selectFrom('projection').select('id').where('hash', '=', hash).executeTakeFirst();
  if (known) return known.id;
  const { rank, maxIn, maxOut, a, b } = projection;
  const { insertId } = await change.db
    .insertInto('projection')
    .values({ hash, rank, max_in: maxIn, max_out: maxOut, a: bytesOf(a), b: bytesOf(b) })
    .executeTakeFirst();
  return Number(insertId);
}

export async function storeVectors(change: Change, id: number, theta: Float32Array): Promise<void> {
  await change.db.executeQuery(
    CompiledQuery.raw('INSERT INTO adapter_vectors (adapter_id, theta) VALUES (?, ?)', [id, bytesOf(theta)]),
  );
}

/** An adapter as it was stored, also out of the trash. Checked against its hash: damaged bytes are VeraError 'catalog'. */
export async function adapterContent(db: Db, id: number): Promise<AdapterContent> {
  const row = await db
    .selectFrom('adapter')
    .innerJoin('layout', 'layout.id', 'adapter.layout_id')
    .innerJoin('base_model as base', 'base.id', 'adapter.base_id')
    .leftJoin('adapter_vectors as vectors', 'vectors.adapter_id', 'adapter.id')
    .select([
      'adapter.name',
      'adapter.hash',
      'adapter.projection_id',
      'layout.method',
      'layout.options',
      'layout.sites',
      'layout.targets',
      'base.fingerprint',
      'base.spec',
      'base.architecture',
      'base.parameters',
      'vectors.theta',
    ])
    .where('adapter.id', '=', id)
    .executeTakeFirst();
  if (!row) throw new VeraError('missing', `there is no adapter ${id}`);
  const damaged = (what: string) =>
    new VeraError(
      'catalog',
      `${what} of adapter ${id} (${quote(row.name)}) are damaged in the catalog: take them from a backup, or delete the adapter`,
    );
  if (!row.theta) throw damaged('the vectors');
  let content: AdapterContent;
  try {
    content = {
      method: row.method as 'vera' | 'lora',
      options: JSON.parse(row.options) as Record<string, number>,
      sites: JSON.parse(row.sites) as Site[],
      targets: row.targets,
      theta: floatsOf(row.theta),
      ...(row.projection_id === null ? {} : { projection: await readProjection(db, row.projection_id) }),
      base: {
        fingerprint: row.fingerprint,
        spec: row.spec,
        ...(row.architecture === null ? {} : { architecture: row.architecture }),
        ...(row.parameters === null ? {} : { parameters: row.parameters }),
      },
    };
  } catch (error) {
    if (error instanceof VeraError) throw error;
    throw damaged('the layers');
  }
  if (contentHash(content) !== row.hash) throw damaged('the vectors or layers');
  return content;
}

async function readProjection(db: Db, id: number): Promise<Projection> {
  const row = await db.selectFrom('projection').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  return { rank: row.rank, maxIn: row.max_in, maxOut: row.max_out, a: floatsOf(row.a), b: floatsOf(row.b) };
}
