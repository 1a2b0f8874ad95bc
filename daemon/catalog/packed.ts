import { z } from 'zod';
import { layerTensors, SHARED_A, SHARED_B } from '../formats/adapterFile.ts';
import { parseJson } from '../formats/json.ts';
import { quote } from '../formats/quote.ts';
import { readFloats, readSafetensors } from '../formats/safetensors.ts';
import type { TensorEntry, TensorSource } from '../formats/safetensors.ts';
import { VeraError } from '../protocol/errors.ts';
import { count, finite, hash, json, MAX_TEXT, name, note, tags, time } from '../protocol/values.ts';
import { checkContent, contentHash } from './content.ts';
import type { AdapterContent, Projection, Site } from './content.ts';

/**
 * An adapter as one file: safetensors whose tensors have PEFT's names, with everything else as JSON in its metadata under
 * `vera.adapter`. No path of the machine that wrote it is in it.
 */
const KEY = 'vera.adapter';
const VERSION = 1;
const MAX_JSON = 10_000_000; // characters; the layers of a large mixture of experts take some 2 MB (CWE-770)

const size = z
  .int()
  .positive()
  .max(2 ** 31);
const loss = finite.nullable();
const losses = z.strictObject({ train: loss, heldOut: loss, baseHeldOut: loss });

const packed = z.strictObject({
  version: z.literal(VERSION),
  name,
  note,
  tags,
  createdAt: time,
  hash,
  method: z.enum(['vera', 'lora']),
  options: z.record(z.string().max(100), finite),
  targets: z.string().max(MAX_TEXT),
  sites: z
    .array(
      z.strictObject({
        path: z.string().min(1).max(1000),
        layer: count.optional(),
        dIn: size,
        dOut: size,
        bias: z.boolean(),
      }),
    )
    .min(1),
  base: z.strictObject({
    fingerprint: z.string().min(1).max(200),
    spec: z.string().min(1).max(4096),
    architecture: z.string().max(200).optional(),
    parameters: count.optional(),
  }),
  losses,
  /** A and B where they are not those of the key. */
  projection: z.strictObject({ maxIn: size, maxOut: size }).optional(),
  /** What it was trained on. */
  dataset: z
    .strictObject({ hash, name: z.string().max(4096), format: z.string().max(100).nullable(), rows: count.nullable() })
    .optional(),
  /** The run that made it. */
  run: z
    .strictObject({
      settings: json,
      step: count,
      steps: count.nullable(),
      losses,
      createdAt: time,
      endedAt: time.nullable(),
    })
    .optional(),
  /** What it succeeds. */
  parent: z.strictObject({ name: z.string().max(1000), hash }).optional(),
});
type Packed = z.infer<typeof packed>;

/** What is known of an adapter beside its content, as it goes from catalog to catalog. */
export type PackedFacts = Pick<
  Packed,
  'name' | 'note' | 'tags' | 'createdAt' | 'losses' | 'dataset' | 'run' | 'parent'
>;

const product = (shape: readonly number[]): number => shape.reduce((all, one) => all * one, 1);
const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The tensors and metadata of the file of an adapter. */
export function packedFile(
  content: AdapterContent,
  facts: PackedFacts,
): { tensors: TensorSource[]; metadata: Record<string, string> } {
  const { method, options, sites, targets, theta, projection, base } = content;
  const tensors: TensorSource[] = [];
  const add = (tensor: string, shape: number[], values: Float32Array): void =>
    void tensors.push({ name: tensor, dtype: 'F32', shape, bytes: () => bytesOf(values) });
  if (projection) {
    add(SHARED_A, [projection.rank, projection.maxIn], projection.a);
    add(SHARED_B, [projection.maxOut, projection.rank], projection.b);
  }
  let start = 0;
  for (const { name: tensor, shape } of layerTensors(method, sites, options['rank']!))
    add(tensor, shape, theta.subarray(start, (start += product(shape))));
  const about: Packed = {
    version: VERSION,
    ...facts,
    hash: contentHash(content),
    method,
    options: { ...options },
    targets,
    sites: sites.map((site) => ({ ...site })),
    base: { ...base },
    ...(projection ? { projection: { maxIn: projection.maxIn, maxOut: projection.maxOut } } : {}),
  };
  return { tensors, metadata: { format: 'pt', [KEY]: JSON.stringify(about) } };
}

/** Reads the file of an adapter and checks it against its hash. Throws VeraError 'format', 'adapter' or 'io'. */
export function readPacked(file: string): { content: AdapterContent; facts: PackedFacts; hash: string } {
  const { tensors, metadata } = readSafetensors(file);
  const wrong = (message: string): never => {
    throw new VeraError('adapter', `${quote(file)}: ${message}`);
  };
  const text = metadata[KEY];
  if (text === undefined)
    throw new VeraError(
      'adapter',
      `${quote(file)} holds no packed adapter; if it belongs to a PEFT folder, import that folder`,
      {
        remedy: { do: 'importAdapter' },
      },
    );
  const about = readAbout(file, text);
  const rank = about.options['rank'] ?? 0;
  if (!Number.isSafeInteger(rank) || rank < 1) wrong('its rank is not a positive number');

  const rest = new Map(tensors);
  const take = (tensor: string, shape: readonly number[]): TensorEntry => {
    const entry = rest.get(tensor) ?? wrong(`tensor ${quote(tensor)} is missing`);
    if (entry.dtype !== 'F32') wrong(`tensor ${quote(tensor)} is ${entry.dtype}, not F32`);
    if (entry.shape.join() !== shape.join())
      wrong(`tensor ${quote(tensor)} has shape [${entry.shape.join(', ')}], but its layer takes [${shape.join(', ')}]`);
    rest.delete(tensor);
    return entry;
  };
  const projection = takeProjection(about, rank, take);
  const layers = layerTensors(about.method, about.sites as Site[], rank).map(({ name: tensor, shape }) =>
    take(tensor, shape),
  );
  const [other] = rest.keys();
  if (other !== undefined) wrong(`tensor ${quote(other)} has no place in it`);
  // Every tensor lies in the file with the size its shape says, so theta is no larger than the file.
  const theta = new Float32Array(layers.reduce((sum, entry) => sum + entry.length / 4, 0));
  let start = 0;
  for (const entry of layers) {
    theta.set(readFloats(entry), start);
    start += entry.length / 4;
  }
  const content: AdapterContent = {
    method: about.method,
    options: about.options,
    sites: about.sites as Site[],
    targets: about.targets,
    theta,
    ...(projection ? { projection } : {}),
    base: about.base,
  };
  try {
    checkContent(content);
  } catch (error) {
    wrong((error as Error).message);
  }
  if (contentHash(content) !== about.hash)
    wrong('its content is not what its hash says: it was damaged or changed on the way, fetch it again');
  const { name: called, note: noted, tags: tagged, createdAt, losses: figures, dataset, run, parent } = about;
  const facts: PackedFacts = {
    ...{ name: called, note: noted, tags: tagged, createdAt, losses: figures },
    ...(dataset ? { dataset } : {}),
    ...(run ? { run } : {}),
    ...(parent ? { parent } : {}),
  };
  return { content, facts, hash: about.hash };
}

function readAbout(file: string, text: string): Packed {
  const where = `${quote(file)}: metadata ${quote(KEY)}`;
  if (text.length > MAX_JSON)
    throw new VeraError('format', `${where}: ${text.length} characters, more than ${MAX_JSON}`);
  const value = parseJson(text, where);
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version !== VERSION)
    throw new VeraError('format', `${where}: version ${version} is not known here (${VERSION} is): update vera`);
  const parsed = packed.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VeraError('format', `${where}: ${quote(issue!.path.join('.'))}: ${issue!.message.split('\n')[0]!}`);
}

function takeProjection(
  about: Packed,
  rank: number,
  take: (tensor: string, shape: readonly number[]) => TensorEntry,
): Projection | undefined {
  if (!about.projection) return undefined;
  const { maxIn, maxOut } = about.projection;
  const a = readFloats(take(SHARED_A, [rank, maxIn]));
  const b = readFloats(take(SHARED_B, [maxOut, rank]));
  return { rank, maxIn, maxOut, a, b };
}
