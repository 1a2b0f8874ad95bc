import type { Value } from '../graph/value.ts';
import type { Adaptation, Layers, LinearSite } from '../models/adaptation.ts';
import type { NumberSetting, Setting, SettingValues } from '../settings/setting.ts';

/** Settings of a method as a user gives them; each method reads its own. */
export interface MethodOptions {
  readonly rank: number;
  /** LoRA's scale: the update counts alpha / rank times. */
  readonly alpha: number;
  readonly dropout: number;
  /** VeRA's seed of A and B (PEFT's `projection_prng_key`). */
  readonly projectionKey: number;
  /** First value of VeRA's d. */
  readonly dInitial: number;
  /** Seed of what a method itself initialises at random. */
  readonly seed: number;
}

export const DEFAULTS: MethodOptions = { rank: 256, alpha: 256, dropout: 0, projectionKey: 0, dInitial: 0.1, seed: 0 };

/** A tensor of the base as the `full` method needs it. */
export interface BaseTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly read: () => Float32Array;
}

/** An adaptation that can also say what a merge adds to each weight. */
export interface MethodAdaptation extends Adaptation {
  /** The update of a layer's weight, [dOut, dIn], from the parameters; undefined where it has none. */
  delta(net: Layers, site: LinearSite): Value | undefined;
}

/** A group of parameters (the `group` of a Parameter) that may have a learning rate of its own, and the setting that gives it. */
export interface RateGroup {
  readonly group: string;
  readonly setting: NumberSetting;
}

/** A way to adapt a frozen model: VeRA, LoRA, or training everything. */
export interface Method {
  /** As settings and files write it: 'vera'. */
  readonly name: string;
  /** As people write it: 'VeRA'. */
  readonly label: string;
  /** One plain sentence for help and forms. */
  readonly summary: string;
  /** Linear layers that are chosen by name, or every tensor of the model. */
  readonly adapts: 'linear' | 'all';
  /** Its own settings. Methods may share a name (rank); each gives its own range and default. */
  readonly options: readonly Setting[];
  /** Gives options that have no fixed default a value. Without it they stay absent. */
  readonly complete?: (given: SettingValues) => SettingValues;
  /** The learning rate that suits it where none is given. */
  readonly learningRate: number;
  readonly rates: readonly RateGroup[];
  /** Names of the weight formats it can train on; all of them where this is absent. */
  readonly weightFormats?: readonly string[];
  create(sites: readonly LinearSite[], options: MethodOptions, tensors: readonly BaseTensor[]): MethodAdaptation;
  /** Trainable parameters of a layer, counted without building anything. */
  count(site: LinearSite, rank: number): number;
}
