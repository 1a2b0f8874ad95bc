import { z } from 'zod';
import { PREFIX, SHARED_PREFIX } from '../formats/adapterFile.ts';
import { parseJson } from '../formats/json.ts';
import { quote } from '../formats/quote.ts';
import { readFloats, readSafetensors } from '../formats/safetensors.ts';
import type { TensorEntry, TensorSource } from '../formats/safetensors.ts';
import { layoutOf, type NamedTensor, slice } from '../layout.ts';
import { VeraError } from '../protocol/errors.ts';
import { count, finite, hash, json, MAX_TEXT, name, note, optionValue, tags, time } from '../protocol/values.ts';
import { checkContent, contentHash } from './content.ts';
import type { AdapterContent, Frozen, Site } from './content.ts';

/**
 * An adapter as one safetensors file. Its tensors have PEFT's names; everything else is JSON in the metadata under
 * `vera.adapter`. The file contains no path of the machine that wrote it.
 */
const KEY = 'vera.adapter';
/** Version 1 has no `frozen`, and all its options are numbers. What fits into version 1 is written as version 1, for older programs. */
const VERSIONS = [1, 2] as const;
const MAX_JSON = 10_000_000; // characters; the layers of a large mixture of experts take about 2 MB (CWE-770)

const size = z
  .int()
  .positive()
  .max(2 ** 31);
const loss = finite.nullable();
const losses = z.strictObject({ train: loss, heldOut: loss, baseHeldOut: loss });

const packed = z.strictObject({
  version: z.literal(VERSIONS),
  name,
  note,
  tags,
  createdAt: time,
  hash,
  method: z.string().max(100),
  options: z.record(z.string().max(100), optionValue),
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
  /** The file has the adapter's own frozen tensors, which are not those made from the options. */
  frozen: z.literal(true).optional(),
  /** Version 1 says this with two of the tensors' sizes, which are not needed. */
  projection: z.strictObject({ maxIn: size, maxOut: size }).optional(),
  /** The dataset it was trained on. */
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
  /** The adapter that it continues. */
  parent: z.strictObject({ name: z.string().max(1000), hash }).optional(),
});
type Packed = z.infer<typeof packed>;

/** Facts about an adapter that move with it from one catalog to another. */
export type PackedFacts = Pick<
  Packed,
  'name' | 'note' | 'tags' | 'createdAt' | 'losses' | 'dataset' | 'run' | 'parent'
>;

/** Says which tensors an adapter of a method has. Throws VeraError for a method or options that are not possible. */
export type FormOf = (
  method: string,
  sites: readonly Site[],
  options: AdapterContent['options'],
) => {
  readonly tensors: readonly NamedTensor[];
  readonly frozen?: { readonly head: string; readonly tensors: readonly NamedTensor[] };
};

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The tensors and metadata of an adapter's file. */
export function packedFile(
  content: AdapterContent,
  facts: PackedFacts,
): { tensors: TensorSource[]; metadata: Record<string, string> } {
  const { method, options, sites, targets, theta, frozen, base } = content;
  const tensors: TensorSource[] = [];
  const add = (tensor: string, shape: readonly number[], values: Float32Array): void =>
    void tensors.push({ name: tensor, dtype: 'F32', shape: [...shape], bytes: () => bytesOf(values) });
  for (const { name: tensor, shape, data } of frozen?.tensors ?? []) add(SHARED_PREFIX + tensor, shape, data);
  const layout = layoutOf(content.tensors);
  for (const { name: tensor, shape } of layout.entries) add(PREFIX + tensor, shape, slice(layout, theta, tensor));
  const about: Packed = {
    version: frozen || Object.values(options).some((value) => typeof value !== 'number') ? 2 : 1,
    ...facts,
    hash: contentHash(content),
    method,
    options: { ...options },
    targets,
    sites: sites.map((site) => ({ ...site })),
    base: { ...base },
    ...(frozen ? { frozen: true as const } : {}),
  };
  return { tensors, metadata: { format: 'pt', [KEY]: JSON.stringify(about) } };
}

/** Reads an adapter's file and checks its hash. Throws VeraError 'format', 'adapter' or 'io'. */
export function readPacked(
  file: string,
  formOf: FormOf,
): { content: AdapterContent; facts: PackedFacts; hash: string } {
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
  const sites = about.sites as Site[];
  const form = said(() => formOf(about.method, sites, about.options), wrong);

  const rest = new Map(tensors);
  const take = (tensor: string, shape: readonly number[]): TensorEntry => {
    const entry = rest.get(tensor) ?? wrong(`tensor ${quote(tensor)} is missing`);
    if (entry.dtype !== 'F32') wrong(`tensor ${quote(tensor)} is ${entry.dtype}, not F32`);
    if (entry.shape.join() !== shape.join())
      wrong(`tensor ${quote(tensor)} has shape [${entry.shape.join(', ')}], but its layer takes [${shape.join(', ')}]`);
    rest.delete(tensor);
    return entry;
  };
  const frozen = about.frozen || about.projection ? takeFrozen(form.frozen, take) : undefined;
  const layers = form.tensors.map(({ name: tensor, shape }) => take(PREFIX + tensor, shape));
  const [other] = rest.keys();
  if (other !== undefined) wrong(`tensor ${quote(other)} has no place in it`);
  // Every tensor in the file has the size that its shape says, so theta is not larger than the file.
  const theta = new Float32Array(layers.reduce((sum, entry) => sum + entry.length / 4, 0));
  let start = 0;
  for (const entry of layers) {
    theta.set(readFloats(entry), start);
    start += entry.length / 4;
  }
  const content: AdapterContent = {
    method: about.method,
    options: about.options,
    sites,
    targets: about.targets,
    tensors: form.tensors,
    theta,
    ...(frozen ? { frozen } : {}),
    base: about.base,
  };
  said(() => checkContent(content), wrong);
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
  if (typeof version === 'number' && !VERSIONS.some((known) => known === version))
    throw new VeraError(
      'format',
      `${where}: version ${version} is not known here (up to ${VERSIONS.at(-1)} is): update vera`,
    );
  const parsed = packed.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VeraError('format', `${where}: ${quote(issue!.path.join('.'))}: ${issue!.message.split('\n')[0]!}`);
}

function takeFrozen(
  form: ReturnType<FormOf>['frozen'],
  take: (tensor: string, shape: readonly number[]) => TensorEntry,
): Frozen | undefined {
  if (!form) return undefined;
  const { head, tensors } = form;
  return {
    head,
    tensors: tensors.map(({ name: tensor, shape }) => ({
      ...{ name: tensor, shape },
      data: readFloats(take(SHARED_PREFIX + tensor, shape)),
    })),
  };
}

/** Runs `work` and reports its errors as errors of the file. */
function said<T>(work: () => T, wrong: (message: string) => never): T {
  try {
    return work();
  } catch (error) {
    return wrong((error as Error).message);
  }
}
