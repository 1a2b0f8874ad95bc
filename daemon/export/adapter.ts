import { join } from 'node:path';
import { writeFileAtomic, writeFolderAtomic } from '../formats/atomic.ts';
import { readPeft, writePeft } from '../formats/peft.ts';
import type { PeftAdapter } from '../formats/peft.ts';
import { quote } from '../formats/quote.ts';
import type { MethodAdaptation, MethodOptions } from '../methods/method.ts';
import type { Projection } from '../methods/projection.ts';
import { methodNamed } from '../methods/registry.ts';
import { layerTensors, PREFIX, SHARED_A, SHARED_B } from '../formats/adapterFile.ts';
import { adaptWith, sharedProjection } from '../methods/vera.ts';
import { layoutOf, pack, slice } from '../layout.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { BaseModel } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { peftConfig, readPeftConfig } from './peft-config.ts';
import { targetedSites, targetsText } from './peft-targets.ts';
import { readSidecar, SIDECAR, sidecarText } from './sidecar.ts';

/** A trained adapter in memory. */
export interface Adapter {
  method: 'vera' | 'lora';
  options: MethodOptions;
  /** adapted layers, in site order */
  sites: LinearSite[];
  /** as the user wrote them */
  targets: string;
  /** laid out as the adaptation's parameters */
  theta: Float32Array;
  baseFingerprint?: string;
  basePath?: string;
  /** VeRA's A and B where they are not those of its key: a folder from elsewhere stored its own. */
  projection?: Projection;
  /** settings and figures of the run that made it, kept for people to read */
  run?: Record<string, unknown>;
}

/** The base an adapter's folder names, as it was given when it was trained: a path or a hub id. */
export function statedBase(dir: string): string | undefined {
  return readSidecar(dir).basePath ?? baseOf(readPeft(dir).config);
}

function baseOf({ base_model_name_or_path: stated }: PeftAdapter['config']): string | undefined {
  return typeof stated === 'string' && stated !== '' ? stated : undefined;
}

/** What an adapter does to a model. */
export function adaptationOf(adapter: Pick<Adapter, 'method' | 'options' | 'sites' | 'projection'>): MethodAdaptation {
  const { method, options, sites, projection } = adapter;
  return projection ? adaptWith(projection, sites, options) : methodNamed(method).create(sites, options, []);
}

/**
 * Writes a folder that PEFT loads, and vera.json with what PEFT has no place for; whole or absent, an occupied folder is
 * refused. `projection`: store VeRA's A and B as well (PEFT's default); without them the adapter is its vectors and the key.
 */
export async function saveAdapter(dir: string, adapter: Adapter, options: { projection: boolean }): Promise<void> {
  const stores = adapter.method === 'vera' && options.projection;
  const { targets, baseFingerprint, basePath, run } = adapter;
  const sidecar = {
    targets,
    ...(baseFingerprint === undefined ? {} : { baseFingerprint }),
    ...(basePath === undefined ? {} : { basePath }),
    options: adapter.options,
    ...(run === undefined ? {} : { run }),
  };
  const peft = { config: peftConfig(adapter, stores), tensors: adapterTensors(adapter, options.projection) };
  await writeFolderAtomic(dir, async (temporary) => {
    await writePeft(temporary, peft);
    writeFileAtomic(join(temporary, SIDECAR), sidecarText(sidecar));
  });
}

/** The tensors of an adapter by PEFT's names, VeRA's A and B first where they are asked for. */
export function adapterTensors(adapter: Adapter, withProjection: boolean): PeftAdapter['tensors'] {
  const { method, theta, options, sites } = adapter;
  const tensors: PeftAdapter['tensors'] = new Map();
  if (method === 'vera' && withProjection) {
    const { a, b, rank, maxIn, maxOut } =
      adapter.projection ?? sharedProjection(sites, options.projectionKey, options.rank);
    tensors.set(SHARED_A, { shape: [rank, maxIn], data: a });
    tensors.set(SHARED_B, { shape: [maxOut, rank], data: b });
  } else if (method === 'vera' && adapter.projection) {
    throw new VeraError(
      'adapter',
      `the A and B of this adapter are not those of its key ${options.projectionKey}, so they have to be stored with it`,
      { settings: ['projection'] },
    );
  }
  const layout = layoutOf(adaptationOf(adapter).parameters);
  if (layout.size !== theta.length) throw new Error(`${theta.length} values for ${layout.size} parameters`);
  for (const { name, shape } of layout.entries)
    tensors.set(PREFIX + name, { shape: [...shape], data: slice(layout, theta, name) });
  return tensors;
}

/**
 * Reads a PEFT folder of VeRA or LoRA, ours or one from elsewhere, for a base. Refused with VeraError 'adapter': another
 * base (by fingerprint, or by the tensor whose shape differs), a missing or unexpected tensor, and every setting of PEFT
 * whose effect would be lost, by name.
 */
export function loadAdapter(dir: string, base: BaseModel): { adapter: Adapter; adaptation: MethodAdaptation } {
  const { config, tensors } = readPeft(dir);
  const sidecar = readSidecar(dir);
  if (sidecar.baseFingerprint !== undefined && sidecar.baseFingerprint !== base.fingerprint) {
    const trained = sidecar.basePath === undefined ? 'another base' : `another base (${quote(sidecar.basePath)})`;
    throw wrong(
      dir,
      `it was trained on ${trained}, fingerprint ${sidecar.baseFingerprint.slice(0, 12)}, but ${quote(base.dir)} has ${base.fingerprint.slice(0, 12)}; choose the base model it was trained on`,
      'base',
    );
  }
  const { method, options: read } = readPeftConfig(config, join(dir, 'adapter_config.json'));
  // PEFT's configuration is believed where both say it; the seed, say, stands in ours alone.
  const kept = method === 'vera' ? ['alpha', 'seed'] : ['projectionKey', 'dInitial', 'seed'];
  const ours = Object.entries(sidecar.options ?? {}).filter(([name]) => kept.includes(name));
  const options: MethodOptions = { ...read, ...Object.fromEntries(ours) };
  const sites = adaptedSites(dir, base, config, tensors);
  checkTensors(dir, method, options.rank, sites, tensors);
  const projection = method === 'vera' ? storedProjection(dir, config, tensors, sites, options) : undefined;
  const adaptation = adaptationOf({ method, options, sites, ...(projection ? { projection } : {}) });
  const theta = pack(layoutOf(adaptation.parameters), ({ name }) => tensors.get(PREFIX + name)!.data);
  const { run } = sidecar;
  const basePath = sidecar.basePath ?? baseOf(config);
  const adapter: Adapter = {
    ...{ method, options, sites, theta },
    targets: sidecar.targets ?? targetsText(config),
    baseFingerprint: base.fingerprint,
    ...(basePath === undefined ? {} : { basePath }),
    ...(projection ? { projection } : {}),
    ...(run ? { run } : {}),
  };
  return { adapter, adaptation };
}

/** The layers an adapter is on; where its configuration lists them, the tensors must be those of that list. */
function adaptedSites(
  dir: string,
  base: BaseModel,
  config: PeftAdapter['config'],
  tensors: PeftAdapter['tensors'],
): LinearSite[] {
  const sites = linearSites(base.config);
  const owner = new Map(sites.map((site) => [PREFIX + site.path, site]));
  const found = new Set<LinearSite>();
  for (const name of tensors.keys()) {
    if (name === SHARED_A || name === SHARED_B) continue;
    const site = owner.get(name.replace(/\.(lora_[AB]\.weight|vera_lambda_[bd])$/, ''));
    if (!site) {
      throw wrong(
        dir,
        `tensor ${quote(name)} belongs to no linear layer of ${quote(base.dir)} (embeddings and the head cannot be adapted)`,
      );
    }
    found.add(site);
  }
  const targeted = targetedSites(config, sites);
  const missing = targeted?.find((site) => !found.has(site));
  if (missing)
    throw wrong(
      dir,
      `no tensor for ${quote(missing.path)}, which its target_modules name: the file is not whole, or is of another base`,
    );
  const extra = targeted && [...found].find((site) => !targeted.includes(site));
  if (extra) throw wrong(dir, `it has tensors for ${quote(extra.path)}, which its target_modules leave out`);
  if (found.size === 0) throw wrong(dir, 'it adapts no layer');
  return sites.filter((site) => found.has(site));
}

/** Every tensor of the adapted layers, of the right shape, and no other. */
function checkTensors(
  dir: string,
  method: 'vera' | 'lora',
  rank: number,
  sites: LinearSite[],
  tensors: PeftAdapter['tensors'],
): void {
  const expected = new Map(layerTensors(method, sites, rank).map(({ name, shape }) => [name, shape]));
  for (const [name, shape] of expected) {
    const tensor = tensors.get(name);
    if (!tensor) throw wrong(dir, `tensor ${quote(name)} is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw wrong(
        dir,
        `tensor ${quote(name)} has shape [${tensor.shape.join(', ')}], but rank ${rank} on this base takes [${shape.join(', ')}]`,
      );
    }
  }
  const shared = (name: string): boolean => method === 'vera' && (name === SHARED_A || name === SHARED_B);
  const other = [...tensors.keys()].find((name) => !expected.has(name) && !shared(name));
  if (other !== undefined) throw wrong(dir, `tensor ${quote(other)} has no place in a ${method} adapter`);
}

/** The stored A and B where they are not those of the key, which PEFT too would then use; undefined where they are. */
function storedProjection(
  dir: string,
  config: PeftAdapter['config'],
  tensors: PeftAdapter['tensors'],
  sites: LinearSite[],
  { projectionKey, rank }: MethodOptions,
): Projection | undefined {
  const [a, b] = [tensors.get(SHARED_A), tensors.get(SHARED_B)];
  if (!a && !b) {
    if (config['save_projection'] === false) return undefined;
    throw wrong(dir, `its save_projection promises the tensors ${SHARED_A} and ${SHARED_B}, which are missing`);
  }
  const maxIn = Math.max(...sites.map(({ dIn }) => dIn));
  const maxOut = Math.max(...sites.map(({ dOut }) => dOut));
  for (const [name, tensor, shape] of [
    [SHARED_A, a, [rank, maxIn]],
    [SHARED_B, b, [maxOut, rank]],
  ] as const) {
    if (!tensor) throw wrong(dir, `tensor ${name} is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw wrong(
        dir,
        `tensor ${name} has shape [${tensor.shape.join(', ')}], but these layers take [${shape.join(', ')}]`,
      );
    }
  }
  const made = sharedProjection(sites, projectionKey, rank);
  if (same(made.a, a!.data) && same(made.b, b!.data)) return undefined;
  return { rank, maxIn, maxOut, a: a!.data, b: b!.data };
}

const bytes = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
const same = (one: Float32Array, two: Float32Array): boolean => bytes(one).equals(bytes(two));

const wrong = (dir: string, message: string, ...settings: string[]): VeraError =>
  new VeraError('adapter', `${quote(dir)}: ${message}`, settings.length === 0 ? {} : { settings });
