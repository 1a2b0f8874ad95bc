import { join } from 'node:path';
import { PREFIX, SHARED_PREFIX } from '../formats/adapterFile.ts';
import { writeFileAtomic, writeFolderAtomic } from '../formats/atomic.ts';
import { readPeft, writePeft } from '../formats/peft.ts';
import type { PeftAdapter } from '../formats/peft.ts';
import { withoutAdapterName, withPlainNames } from '../formats/peftNames.ts';
import { quote } from '../formats/quote.ts';
import { layoutOf, pack, slice } from '../layout.ts';
import type { FrozenTensor, LinearMethod, MethodAdaptation, MethodOptions } from '../methods/method.ts';
import { rankOf } from '../methods/options.ts';
import { adapterMethod } from '../methods/registry.ts';
import { startOf } from '../methods/start.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { BaseModel } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { peftConfig, type PeftSettings, readPeftConfig } from './peft-config.ts';
import { targetedSites, targetsText, withoutIdlePatterns } from './peft-targets.ts';
import { readSidecar, SIDECAR, sidecarText } from './sidecar.ts';

/** A trained adapter in memory. */
export interface Adapter {
  /** Name of its method. */
  method: string;
  options: MethodOptions;
  /** Adapted layers, in the order of the model's sites. */
  sites: LinearSite[];
  /** As the user wrote them. */
  targets: string;
  /** The trained vector, laid out as the method's tensors. */
  theta: Float32Array;
  baseFingerprint?: string;
  basePath?: string;
  /** The method's frozen tensors (VeRA's A and B), if another program stored ones that are not those made from the options. */
  frozen?: readonly FrozenTensor[];
  /** Settings and figures of the run that made it, kept for people to read. */
  run?: Record<string, unknown>;
}

/** The base that an adapter's folder names: the path or hub id that was given for training. */
export function statedBase(dir: string): string | undefined {
  return readSidecar(dir).basePath ?? baseOf(readPeft(dir).config);
}

function baseOf({ base_model_name_or_path: stated }: PeftAdapter['config']): string | undefined {
  return typeof stated === 'string' && stated !== '' ? stated : undefined;
}

/** What an adapter does to a model. */
export function adaptationOf({
  method,
  options,
  sites,
  frozen,
}: Pick<Adapter, 'method' | 'options' | 'sites' | 'frozen'>): MethodAdaptation {
  return adapterMethod(method).create(sites, options, [], frozen);
}

/** Whether the method's frozen tensors are written: `projection` asks for them, and the method has some. */
const storesFrozen = (method: LinearMethod, { projection }: { projection: boolean }): boolean =>
  projection && method.frozen !== undefined;

/** adapter_config.json of an adapter. `projection`: the method's frozen tensors are stored with it. */
export function configOf(adapter: Adapter, options: { projection: boolean }): Record<string, unknown> {
  const method = adapterMethod(adapter.method);
  return peftConfig(method, adapter, storesFrozen(method, options));
}

/**
 * Writes a folder that PEFT loads, with vera.json for what PEFT has no place for. The folder is whole or absent; one that is
 * not empty is refused. `projection`: also store the method's frozen tensors (VeRA's A and B), as PEFT does by default.
 * Otherwise whoever loads the folder makes them again from the options.
 */
export async function saveAdapter(dir: string, adapter: Adapter, options: { projection: boolean }): Promise<void> {
  const { targets, baseFingerprint, basePath, run } = adapter;
  const sidecar = {
    targets,
    ...(baseFingerprint === undefined ? {} : { baseFingerprint }),
    ...(basePath === undefined ? {} : { basePath }),
    options: adapter.options,
    ...(run === undefined ? {} : { run }),
  };
  const peft = { config: configOf(adapter, options), tensors: adapterTensors(adapter, options.projection) };
  await writeFolderAtomic(dir, async (temporary) => {
    await writePeft(temporary, peft);
    writeFileAtomic(join(temporary, SIDECAR), sidecarText(sidecar));
  });
}

/** The tensors of an adapter by PEFT's names. `withFrozen`: the method's frozen tensors come first. */
export function adapterTensors(adapter: Adapter, withFrozen: boolean): PeftAdapter['tensors'] {
  const { theta, options, sites } = adapter;
  const method = adapterMethod(adapter.method);
  const { frozen } = method;
  const tensors: PeftAdapter['tensors'] = new Map();
  if (frozen && withFrozen) {
    for (const { name, shape, data } of adapter.frozen ?? frozen.make(sites, options))
      tensors.set(SHARED_PREFIX + name, { shape: [...shape], data });
  } else if (frozen && adapter.frozen) {
    throw new VeraError(
      'adapter',
      `the ${frozen.label} of this adapter are not those of its key ${String(options[frozen.key])}, so they have to be stored with it`,
      { settings: ['projection'] },
    );
  }
  const layout = layoutOf(method.tensors(sites, options));
  if (layout.size !== theta.length) throw new Error(`${theta.length} values for ${layout.size} parameters`);
  for (const { name, shape } of layout.entries)
    tensors.set(PREFIX + name, { shape: [...shape], data: slice(layout, theta, name) });
  return tensors;
}

/**
 * Reads a PEFT folder for a base, written by this program or another. Throws VeraError 'adapter' if it belongs to another base
 * (the fingerprint or the shape of a tensor differs), if a tensor is missing or unexpected, and for each setting of PEFT whose
 * effect would be lost. The message names the tensor or setting.
 */
export function loadAdapter(dir: string, base: BaseModel): { adapter: Adapter; adaptation: MethodAdaptation } {
  const { config, tensors: stored } = readPeft(dir);
  const named = withPlainNames(stored, dir);
  const sidecar = readSidecar(dir);
  if (sidecar.baseFingerprint !== undefined && sidecar.baseFingerprint !== base.fingerprint) {
    const trained = sidecar.basePath === undefined ? 'another base' : `another base (${quote(sidecar.basePath)})`;
    throw wrong(
      dir,
      `it was trained on ${trained}, fingerprint ${sidecar.baseFingerprint.slice(0, 12)}, but ${quote(base.dir)} has ${base.fingerprint.slice(0, 12)}; choose the base model it was trained on`,
      'base',
    );
  }
  const { method, options: read, promisesFrozen } = readSettings(dir, config, base);
  const options = withOurs(dir, method, read, sidecar.options ?? {});
  const sites = adaptedSites(dir, base, config, named);
  const tensors = withoutAdapterName(named, namesOf(method, sites, options), dir);
  checkTensors(dir, method, options, sites, tensors);
  const frozen = storedFrozen(dir, method, options, sites, tensors, promisesFrozen);
  const adaptation = method.create(sites, options, [], frozen);
  const theta = pack(layoutOf(adaptation.parameters), ({ name }) => tensors.get(PREFIX + name)!.data);
  const { run } = sidecar;
  const basePath = sidecar.basePath ?? baseOf(config);
  const adapter: Adapter = {
    ...{ method: method.name, options, sites, theta },
    targets: sidecar.targets ?? targetsText(config, sites),
    baseFingerprint: base.fingerprint,
    ...(basePath === undefined ? {} : { basePath }),
    ...(frozen ? { frozen } : {}),
    ...(run ? { run } : {}),
  };
  return { adapter, adaptation };
}

const readSettings = (dir: string, config: PeftAdapter['config'], base: Pick<BaseModel, 'config'>): PeftSettings =>
  readPeftConfig(withoutIdlePatterns(config, linearSites(base.config)), join(dir, 'adapter_config.json'));

/** Some options are in both files; PEFT's configuration decides. Others, such as the seed, are only in ours. */
function withOurs(
  dir: string,
  { peft: { reads, besides = [] } }: LinearMethod,
  read: MethodOptions,
  stored: MethodOptions,
): MethodOptions {
  const ours = Object.entries(stored).filter(
    ([name]) => (Object.hasOwn(read, name) || besides.includes(name)) && !reads.includes(name),
  );
  const typeOf = (name: string): string => (besides.includes(name) ? 'string' : typeof read[name]);
  const odd = ours.find(([name, value]) => typeof value !== typeOf(name));
  if (odd) throw wrong(dir, `option ${quote(odd[0])} of ${SIDECAR} is not a ${typeOf(odd[0])}`);
  const options = { ...read, ...Object.fromEntries(ours) };
  try {
    startOf(options);
  } catch (error) {
    throw wrong(dir, (error as Error).message);
  }
  return options;
}

/** Method, options and layers of an adapter's folder. Only the base's config is needed, so costs can be estimated without weights. */
export function loadForm(
  dir: string,
  base: Pick<BaseModel, 'dir' | 'config'>,
): { method: LinearMethod; options: MethodOptions; sites: LinearSite[] } {
  const { config, tensors } = readPeft(dir);
  const { method, options: read } = readSettings(dir, config, base);
  const options = withOurs(dir, method, read, readSidecar(dir).options ?? {});
  return { method, options, sites: adaptedSites(dir, base, config, withPlainNames(tensors, dir)) };
}

/** Every name that a tensor of such an adapter may have. */
function namesOf(method: LinearMethod, sites: LinearSite[], options: MethodOptions): Set<string> {
  const shared = method.frozen?.tensors(sites, options) ?? [];
  return new Set([
    ...method.tensors(sites, options).map(({ name }) => PREFIX + name),
    ...shared.map(({ name }) => SHARED_PREFIX + name),
  ]);
}

/** Whether a tensor of this name is one that all layers share. */
const isShared = (name: string): boolean => name.startsWith(SHARED_PREFIX) && !name.startsWith(PREFIX);

/** The layers that an adapter adapts. If its configuration lists layers, the tensors must belong to exactly those. */
function adaptedSites(
  dir: string,
  base: Pick<BaseModel, 'dir' | 'config'>,
  config: PeftAdapter['config'],
  tensors: PeftAdapter['tensors'],
): LinearSite[] {
  const sites = linearSites(base.config);
  const byPath = new Map(sites.map((site) => [site.path, site]));
  const found = new Set<LinearSite>();
  for (const name of tensors.keys()) {
    if (isShared(name)) continue;
    const site = name.startsWith(PREFIX) ? ownerOf(name.slice(PREFIX.length), byPath) : undefined;
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

/** The layer whose path a tensor's name begins with. */
function ownerOf(name: string, byPath: ReadonlyMap<string, LinearSite>): LinearSite | undefined {
  for (let end = name.lastIndexOf('.'); end > 0; end = name.lastIndexOf('.', end - 1)) {
    const site = byPath.get(name.slice(0, end));
    if (site) return site;
  }
  return undefined;
}

/** Checks that every tensor of the adapted layers is there with the right shape, and no other tensor. */
function checkTensors(
  dir: string,
  method: LinearMethod,
  options: MethodOptions,
  sites: LinearSite[],
  tensors: PeftAdapter['tensors'],
): void {
  const expected = new Map(method.tensors(sites, options).map(({ name, shape }) => [PREFIX + name, shape]));
  const rank = rankOf(options);
  for (const [name, shape] of expected) {
    const tensor = tensors.get(name);
    if (!tensor) throw wrong(dir, `tensor ${quote(name)} is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw wrong(
        dir,
        `tensor ${quote(name)} has shape [${tensor.shape.join(', ')}], but ${rank === null ? method.label : `rank ${rank}`} on this base takes [${shape.join(', ')}]`,
      );
    }
  }
  // `storedFrozen` checks the shapes of shared tensors.
  const shared = new Set((method.frozen?.tensors(sites, options) ?? []).map(({ name }) => SHARED_PREFIX + name));
  const other = [...tensors.keys()].find((name) => !expected.has(name) && !shared.has(name));
  if (other !== undefined) throw wrong(dir, `tensor ${quote(other)} has no place in a ${method.name} adapter`);
}

/** The stored frozen tensors if they differ from those made from the options (PEFT would use them too); otherwise undefined. */
function storedFrozen(
  dir: string,
  { frozen }: LinearMethod,
  options: MethodOptions,
  sites: LinearSite[],
  tensors: PeftAdapter['tensors'],
  promised: boolean,
): readonly FrozenTensor[] | undefined {
  if (!frozen) return undefined;
  const wanted = frozen.tensors(sites, options);
  if (!wanted.some(({ name }) => tensors.has(SHARED_PREFIX + name))) {
    if (!promised) return undefined;
    const names = wanted.map(({ name }) => SHARED_PREFIX + name).join(' and ');
    throw wrong(dir, `its save_projection promises the tensors ${names}, which are missing`);
  }
  const stored = wanted.map(({ name, shape }): FrozenTensor => {
    const tensor = tensors.get(SHARED_PREFIX + name);
    if (!tensor) throw wrong(dir, `tensor ${SHARED_PREFIX}${name} is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw wrong(
        dir,
        `tensor ${SHARED_PREFIX}${name} has shape [${tensor.shape.join(', ')}], but these layers take [${shape.join(', ')}]`,
      );
    }
    return { name, shape, data: tensor.data };
  });
  const made = frozen.make(sites, options);
  return stored.every(({ data }, i) => same(data, made[i]!.data)) ? undefined : stored;
}

const bytes = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
const same = (one: Float32Array, two: Float32Array): boolean => bytes(one).equals(bytes(two));

const wrong = (dir: string, message: string, ...settings: string[]): VeraError =>
  new VeraError('adapter', `${quote(dir)}: ${message}`, settings.length === 0 ? {} : { settings });
