import { createHash } from 'node:crypto';
import type { Start } from '../../data/start.ts';
import { quote } from '../../formats/quote.ts';
import { grown, type Layout, layoutOf } from '../../layout.ts';
import type { FrozenTensor, LinearMethod, MethodOptions } from '../../methods/method.ts';
import { adapterMethod } from '../../methods/registry.ts';
import { startOf } from '../../methods/start.ts';
import { type Adaptation, type LinearSite, unadapted } from '../../models/adaptation.ts';
import type { BaseModel } from '../../models/base.ts';
import { linearSites } from '../../models/registry.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { Feeds } from '../../runtime/executor.ts';
import { weightFormat } from '../../weights/registry.ts';
import { frozenMatrices, frozenName } from './network.ts';

/** An adapter as the catalog stores it: what the engine needs of it. */
export interface StoredAdapter {
  /** Content hash: the same content has the same hash everywhere. */
  readonly hash: string;
  /** Fingerprint of its base. */
  readonly base: string;
  readonly method: string;
  readonly options: MethodOptions;
  readonly sites: readonly LinearSite[];
  readonly theta: Float32Array;
  /** Its own frozen tensors, where they are not made from its options. */
  readonly frozen?: readonly FrozenTensor[];
}

/** A kind of adapters that one graph serves: a method, the modules it is on, and the bank's options. */
export interface BankForm {
  readonly key: string;
  readonly sites: readonly LinearSite[];
  readonly adaptation: Adaptation;
  readonly layout: Layout;
}

/** An adapter in memory, in the form of its bank. */
export interface Resident {
  readonly hash: string;
  readonly form: BankForm;
  /** Rows of one projection share a run: their frozen matrices are the same. */
  readonly projection: string;
  readonly frozen: Feeds;
  /** [form.layout.size]. */
  readonly theta: Float32Array;
  /** Whether it changes nothing. */
  readonly idle: boolean;
  /** Where in a row it starts to act, for one that starts late. */
  readonly start?: Start | undefined;
}

/** The base without an adapter. */
const NO_FORM: BankForm = { key: '', sites: [], adaptation: unadapted, layout: layoutOf([]) };
export const NO_ADAPTER: Resident = {
  ...{ hash: '', form: NO_FORM, projection: '', frozen: {}, theta: new Float32Array() },
  idle: true,
};

/** Adapters in memory. They are loaded when they are first used, and those not used for longest leave when the budget is used up. */
export class Bank {
  readonly #base: BaseModel;
  readonly #precision: string;
  readonly #budget: number;
  readonly #load: (hash: string) => Promise<StoredAdapter>;
  /** In the order of their use. */
  readonly #residents = new Map<string, Resident>();
  readonly #loading = new Map<string, Promise<Resident>>();
  readonly #forms = new Map<string, BankForm>();
  /** The matrices of the projections in use. */
  readonly #projections = new Map<string, WeakRef<Feeds>>();
  #bytes = 0;
  #loaded = 0;
  #evicted = 0;

  constructor(options: {
    base: BaseModel;
    precision: string;
    budgetBytes: number;
    load: (hash: string) => Promise<StoredAdapter>;
  }) {
    this.#base = options.base;
    this.#precision = options.precision;
    this.#budget = options.budgetBytes;
    this.#load = options.load;
  }

  get counts(): { adapters: number; bytes: number; budgetBytes: number; loaded: number; evicted: number } {
    return {
      ...{ adapters: this.#residents.size, bytes: this.#bytes, budgetBytes: this.#budget },
      ...{ loaded: this.#loaded, evicted: this.#evicted },
    };
  }

  /**
   * The adapter of that content hash. Requests hold on to what they got, also when it leaves the bank meanwhile.
   * Throws VeraError 'adapter' where it belongs to another base or is damaged, and what the source throws.
   */
  async get(hash: string): Promise<Resident> {
    const known = this.#residents.get(hash);
    if (known) {
      this.#residents.delete(hash);
      this.#residents.set(hash, known);
      return known;
    }
    const loading = this.#loading.get(hash) ?? this.#bring(hash);
    this.#loading.set(hash, loading);
    try {
      return await loading;
    } finally {
      this.#loading.delete(hash);
    }
  }

  async #bring(hash: string): Promise<Resident> {
    const stored = await this.#load(hash);
    if (stored.hash !== hash)
      throw new VeraError(
        'adapter',
        `adapter ${hash.slice(0, 12)} was asked for, but ${stored.hash.slice(0, 12)} came`,
      );
    const resident = this.#resident(stored);
    this.#residents.set(hash, resident);
    this.#bytes += resident.theta.byteLength;
    this.#loaded++;
    for (const [oldest, { theta }] of this.#residents) {
      if (this.#bytes <= this.#budget || oldest === hash) break;
      this.#residents.delete(oldest);
      this.#bytes -= theta.byteLength;
      this.#evicted++;
    }
    return resident;
  }

  #resident({ hash, base, method: name, options, sites, theta, frozen }: StoredAdapter): Resident {
    const short = hash.slice(0, 12);
    if (base !== this.#base.fingerprint)
      throw new VeraError(
        'adapter',
        `adapter ${short} was trained on another base (fingerprint ${base.slice(0, 12)}); this one has ${this.#base.fingerprint.slice(0, 12)}`,
      );
    const method = adapterMethod(name);
    if (!method.bank) throw new VeraError('adapter', `${method.label} adapters can only be served merged`);
    const own = layoutOf(method.tensors(sites, options));
    if (own.size !== theta.length)
      throw new VeraError('adapter', `adapter ${short} holds ${theta.length} numbers, but its layers need ${own.size}`);
    if (!theta.every((value) => Number.isFinite(value)))
      throw new VeraError('adapter', `adapter ${short} holds values that are not finite`);
    const bankOptions = method.bank.options(options);
    const form = this.#form(method, bankOptions, sites);
    const placed = new Float32Array(form.layout.size);
    for (const entry of form.layout.entries) {
      const from = own.byName.get(entry.name);
      if (!from) continue;
      const values = grown(theta.subarray(from.start, from.end), from.shape, entry.shape);
      const factor = method.bank.factor?.(options, entry.name) ?? 1;
      placed.set(factor === 1 ? values : values.map((value) => value * factor), entry.start);
    }
    const projection = this.#projection(method, { options, bankOptions, sites, frozen, form });
    return { hash, form, ...projection, theta: placed, idle: method.bank.idle(own, theta), start: startOf(options) };
  }

  /** Adapters on a part of the layers of some modules share the graph of all layers of those modules. */
  #form(method: LinearMethod, options: MethodOptions, own: readonly LinearSite[]): BankForm {
    const moduleOf = ({ path }: LinearSite): string => path.slice(path.lastIndexOf('.') + 1);
    const modules = new Set(own.map(moduleOf));
    const all = linearSites(this.#base.config);
    const unknown = own.find(({ path }) => !all.some((site) => site.path === path));
    if (unknown)
      throw new VeraError('adapter', `the base has no layer ${quote(unknown.path)}, which the adapter is on`);
    const key = JSON.stringify([method.name, [...modules].sort(), options]);
    const known = this.#forms.get(key);
    if (known) return known;
    const sites = all.filter((site) => modules.has(moduleOf(site)));
    const adaptation = method.create(sites, options, []);
    const form = { key, sites, adaptation, layout: layoutOf(adaptation.parameters) };
    this.#forms.set(key, form);
    return form;
  }

  #projection(
    method: LinearMethod,
    {
      options,
      bankOptions,
      sites,
      frozen,
      form,
    }: {
      options: MethodOptions;
      bankOptions: MethodOptions;
      sites: readonly LinearSite[];
      frozen: readonly FrozenTensor[] | undefined;
      form: BankForm;
    },
  ): Pick<Resident, 'projection' | 'frozen'> {
    const { name, frozen: kind } = method;
    if (!kind) return { projection: form.key, frozen: {} };
    const own = frozen
      ? frozen.map(({ data }) => createHash('sha256').update(bytesOf(data)).digest('hex'))
      : [options[kind.key], kind.tensors(sites, options).map(({ shape }) => shape)];
    const projection = JSON.stringify([form.key, name, own]);
    const known = this.#projections.get(projection)?.deref();
    if (known) return { projection, frozen: known };
    const tensors = frozen ?? kind.make(sites, options);
    const shapes = kind.tensors(form.sites, bankOptions);
    const wide = tensors.map((tensor, i): FrozenTensor => {
      const { shape } = shapes[i]!;
      return { name: tensor.name, shape, data: grown(tensor.data, tensor.shape, shape) };
    });
    const adaptation = method.create(form.sites, bankOptions, [], wide);
    const format = weightFormat(this.#precision);
    const feeds: Feeds = Object.assign(
      {},
      ...frozenMatrices(adaptation, form.sites).map((matrix, i) => format.feedsOf(frozenName(i), matrix)),
    ) as Feeds;
    this.#projections.set(projection, new WeakRef(feeds));
    return { projection, frozen: feeds };
  }
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
