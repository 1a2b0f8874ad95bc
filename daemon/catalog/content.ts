import { createHash } from 'node:crypto';
import { CompiledQuery } from 'kysely';
import { quote } from '../formats/quote.ts';
import { elementsOf, layoutOf, type NamedTensor } from '../layout.ts';
import { VeraError } from '../protocol/errors.ts';
import { type OptionValue, optionValue } from '../protocol/values.ts';
import type { Db } from './schema.ts';
import type { Change } from './change.ts';

/** A layer that an adapter adapts. */
export interface Site {
  readonly path: string;
  readonly layer?: number;
  readonly dIn: number;
  readonly dOut: number;
  readonly bias: boolean;
}

/** An adapter itself, without facts about it such as its name. The catalog knows no method, so all it needs is in here. */
export interface AdapterContent {
  /** Name of its method. */
  readonly method: string;
  /** Options of the method: rank, alpha... */
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly sites: readonly Site[];
  /** As the user wrote them. */
  readonly targets: string;
  /** The tensors that theta holds, in order. */
  readonly tensors: readonly NamedTensor[];
  readonly theta: Float32Array;
  /** The method's frozen tensors, if they are not those made from the options. */
  readonly frozen?: Frozen;
  readonly base: Base;
}

/** Tensors that are not trained and that all layers of an adapter share, such as VeRA's A and B. */
export interface Frozen {
  /** The text that their hash covers before their bytes. The method decides it. */
  readonly head: string;
  readonly tensors: readonly (NamedTensor & { readonly data: Float32Array })[];
}

export interface Base {
  readonly fingerprint: string;
  /** A folder, a file or a hub id. */
  readonly spec: string;
  readonly architecture?: string | undefined;
  readonly parameters?: number | undefined;
}

const MAX_SITES = 100_000; // linear layers; the largest mixtures of experts have about ten thousand

/** Refuses content whose parts do not fit together, before it is stored. Throws VeraError 'adapter'. */
export function checkContent(content: AdapterContent): void {
  const { options, sites, tensors, theta, frozen, base } = content;
  const wrong = (message: string): never => {
    throw new VeraError('adapter', `the adapter is not whole: ${message}`);
  };
  const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
  for (const [name, value] of Object.entries(options))
    if (!optionValue.safeParse(value).success) wrong(`option ${quote(name)} is not a number, a text, true or false`);
  if (sites.length === 0 || sites.length > MAX_SITES) wrong(`${sites.length} layers`);
  const paths = new Set<string>();
  for (const site of sites) {
    if (!isSize(site.dIn) || !isSize(site.dOut)) wrong(`layer ${quote(site.path)} has no size`);
    if (paths.has(site.path)) wrong(`layer ${quote(site.path)} stands twice`);
    paths.add(site.path);
  }
  for (const { name, shape } of [...tensors, ...(frozen?.tensors ?? [])])
    if (!shape.every(isSize)) wrong(`tensor ${quote(name)} has the shape [${shape.join(', ')}]`);
  if (new Set(tensors.map(({ name }) => name)).size !== tensors.length) wrong('two of its tensors have the same name');
  const { size } = layoutOf(tensors);
  if (theta.length !== size) wrong(`${theta.length} values where its layers take ${size}`);
  if (base.fingerprint === '') wrong('its base has no fingerprint');
  for (const { name, shape, data } of frozen?.tensors ?? [])
    if (data.length !== elementsOf(shape)) wrong(`tensor ${quote(name)} has ${data.length} values`);
}

/** The sha256 of an adapter: base, method, options, layers, vectors. Equal adapters have the same hash in every catalog. */
export function contentHash({ method, options, sites, theta, frozen, base }: AdapterContent): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([base.fingerprint, method, sorted(options)])).update(textsOf(sites).key);
  hash.update('\0').update(bytesOf(theta));
  if (frozen) hash.update('\0').update(frozenHash(frozen));
  return hash.digest('hex');
}

function frozenHash({ head, tensors }: Frozen): string {
  const hash = createHash('sha256').update(head);
  for (const { data } of tensors) hash.update(bytesOf(data));
  return hash.digest('hex');
}

/** The layers as text, for storing and for hashing. Many adapters may share a list of layers, so its text is made only once. */
function textsOf(sites: readonly Site[]): { stored: string; key: string } {
  let texts = siteTexts.get(sites);
  if (!texts)
    siteTexts.set(sites, (texts = { stored: JSON.stringify(sites), key: JSON.stringify(sites.map(siteKey)) }));
  return texts;
}
const siteTexts = new WeakMap<readonly Site[], { stored: string; key: string }>();

const siteKey = ({ path, layer, dIn, dOut, bias }: Site) => [path, layer ?? null, dIn, dOut, bias];
const sorted = (options: AdapterContent['options']) =>
  Object.entries(options).sort(([one], [two]) => (one < two ? -1 : 1));
const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
/** Stored bytes as numbers, without a copy: SQLite gives each blob a buffer of its own. */
const floatsOf = (bytes: Uint8Array): Float32Array =>
  new Float32Array(bytes.slice().buffer, 0, Math.floor(bytes.byteLength / 4));

/** The row of a base model. It is created, or its facts are updated. */
export async function ensureBase(change: Change, base: Base): Promise<number> {
  const seen = basesSeen.get(change);
  if (seen?.base.fingerprint === base.fingerprint && seen.base.spec === base.spec) return seen.id;
  const id = await baseRow(change, base);
  basesSeen.set(change, { base, id });
  return id;
}

/** The last base of each change. Whoever adds a thousand adapters in one change usually adds them to the same base. */
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

/** The layouts of each change, kept for the same reason. */
const layoutsSeen = new WeakMap<Change, Map<string, { id: number; tensors: string }>>();

/** The row of a layout, which many adapters may share. */
export async function ensureLayout(
  change: Change,
  { method, options, sites, targets, tensors }: AdapterContent,
): Promise<number> {
  const text = { options: JSON.stringify(Object.fromEntries(sorted(options))), sites: textsOf(sites).stored };
  const hash = createHash('sha256')
    .update(JSON.stringify([method, text.options, text.sites, targets]))
    .digest('hex');
  const seen = layoutsSeen.get(change) ?? new Map<string, { id: number; tensors: string }>();
  layoutsSeen.set(change, seen);
  const wanted = tensorsText(tensors);
  const found = seen.get(hash) ?? (await storedLayout(change, hash));
  if (found) {
    // Method, options and layers decide the tensors, so other tensors can only be a mistake of the caller.
    if (found.tensors !== wanted)
      throw new VeraError('adapter', 'the adapter is not whole: its tensors are not those of its method and options');
    seen.set(hash, found);
    return found.id;
  }
  const { insertId } = await change.db
    .insertInto('layout')
    .values({ hash, method, targets, ...text, tensors: wanted, parameters: layoutOf(tensors).size })
    .executeTakeFirst();
  const id = Number(insertId);
  seen.set(hash, { id, tensors: wanted });
  return id;
}

async function storedLayout({ db }: Change, hash: string): Promise<{ id: number; tensors: string } | undefined> {
  const row = await db.selectFrom('layout').select(['id', 'tensors']).where('hash', '=', hash).executeTakeFirst();
  return row && { id: row.id, tensors: tensorsText(JSON.parse(row.tensors) as NamedTensor[]) };
}

/** A list of tensors as text. Many adapters may share a list, so its text is made only once. */
function tensorsText(tensors: readonly NamedTensor[]): string {
  const text = tensorTexts.get(tensors) ?? JSON.stringify(tensors.map(({ name, shape }) => ({ name, shape })));
  tensorTexts.set(tensors, text);
  return text;
}
const tensorTexts = new WeakMap<readonly NamedTensor[], string>();

/** The row of an adapter's own frozen tensors; null if it has none. */
export async function ensureFrozen(change: Change, frozen: Frozen | undefined): Promise<number | null> {
  if (!frozen) return null;
  const hash = frozenHash(frozen);
  const known = await change.db.selectFrom('frozen').select('id').where('hash', '=', hash).executeTakeFirst();
  if (known) return known.id;
  const { insertId } = await change.db.insertInto('frozen').values({ hash, head: frozen.head }).executeTakeFirst();
  const id = Number(insertId);
  for (const [position, { name, shape, data }] of frozen.tensors.entries())
    await change.db
      .insertInto('frozen_tensor')
      .values({ frozen_id: id, position, name, shape: JSON.stringify(shape), data: bytesOf(data) })
      .execute();
  return id;
}

export async function storeVectors(change: Change, id: number, theta: Float32Array): Promise<void> {
  await change.db.executeQuery(
    CompiledQuery.raw('INSERT INTO adapter_vectors (adapter_id, theta) VALUES (?, ?)', [id, bytesOf(theta)]),
  );
}

/** Reads a stored adapter, also one in the trash, and checks its hash. Throws VeraError 'catalog' if bytes are damaged. */
export async function adapterContent(db: Db, id: number): Promise<AdapterContent> {
  const row = await db
    .selectFrom('adapter')
    .innerJoin('layout', 'layout.id', 'adapter.layout_id')
    .innerJoin('base_model as base', 'base.id', 'adapter.base_id')
    .leftJoin('adapter_vectors as vectors', 'vectors.adapter_id', 'adapter.id')
    .select([
      'adapter.name',
      'adapter.hash',
      'adapter.frozen_id',
      'layout.method',
      'layout.options',
      'layout.sites',
      'layout.tensors',
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
      method: row.method,
      options: JSON.parse(row.options) as AdapterContent['options'],
      sites: JSON.parse(row.sites) as Site[],
      tensors: JSON.parse(row.tensors) as NamedTensor[],
      targets: row.targets,
      theta: floatsOf(row.theta),
      ...(row.frozen_id === null ? {} : { frozen: await readFrozen(db, row.frozen_id) }),
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

async function readFrozen(db: Db, id: number): Promise<Frozen> {
  const { head } = await db.selectFrom('frozen').select('head').where('id', '=', id).executeTakeFirstOrThrow();
  const rows = await db
    .selectFrom('frozen_tensor')
    .selectAll()
    .where('frozen_id', '=', id)
    .orderBy('position')
    .execute();
  return {
    head,
    tensors: rows.map(({ name, shape, data }) => ({
      name,
      shape: JSON.parse(shape) as number[],
      data: floatsOf(data),
    })),
  };
}
