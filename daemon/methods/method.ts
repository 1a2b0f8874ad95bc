import type { Value } from '../graph/value.ts';
import type { Layout, NamedTensor } from '../layout.ts';
import type { Adaptation, Layers, LinearSite } from '../models/adaptation.ts';
import type { OptionValue } from '../protocol/values.ts';
import type { NumberSetting, Setting, SettingValues } from '../settings/setting.ts';
import type { PeftForm } from './peftForm.ts';

/** The options of a method, complete, and the run's `seed`: plain JSON, as it is stored with an adapter. */
export type MethodOptions = Readonly<Record<string, OptionValue>>;

/** A tensor of the base as a method that trains all of them needs it. */
export interface BaseTensor extends NamedTensor {
  readonly read: () => Float32Array;
}

/** A tensor that is not trained and not the base's, with its values in row-major order. */
export interface FrozenTensor extends NamedTensor {
  readonly data: Float32Array;
}

/** An adaptation that can also say what a merge adds to each weight. */
export interface MethodAdaptation extends Adaptation {
  /** The update of a layer's weight, [dOut, dIn], from the parameters; undefined if it has none. */
  delta(net: Layers, site: LinearSite): Value | undefined;
}

/** A group of parameters (the `group` of a Parameter) that may have a learning rate of its own, and the setting that gives it. */
export interface RateGroup {
  readonly group: string;
  readonly setting: NumberSetting;
}

/** Frozen tensors that all layers of an adapter share, such as VeRA's A and B. They are made from the options. */
export interface FrozenForm<O> {
  /** What people call them: 'A and B'. */
  readonly label: string;
  /** The option that they are made from: 'projectionKey'. */
  readonly key: string;
  /** Names and shapes, in the order in which they are stored. In a PEFT folder each name begins with `base_model.`. */
  tensors(sites: readonly LinearSite[], options: O): readonly NamedTensor[];
  /** The same with their values. */
  make(sites: readonly LinearSite[], options: O): readonly FrozenTensor[];
  /** The text that their hash covers before their bytes. It must never change, because the hashes of stored adapters depend on it. */
  hashHead(tensors: readonly NamedTensor[]): string;
}

/** A measure of where an adapter learned: the mean absolute value of one tensor of each layer. */
export interface Figure {
  /** 'b' */
  readonly name: string;
  /** As a button and a cell name it: '|b|'. */
  readonly label: string;
  /** What it says, for people. */
  readonly help: string;
  /** The tensor, as the method names it after the layer's path. */
  readonly tensor: string;
  /** Whether colours begin at zero, because training starts there, or at the smallest value. */
  readonly fromZero: boolean;
}

/** The same update of the weights as a LoRA adapter; theta is laid out as LoRA's tensors of this rank. */
export interface LoraForm {
  readonly rank: number;
  readonly alpha: number;
  readonly theta: Float32Array;
}

/** A bank holds adapters of different options in one layout: that of an adapter with the bank's options on all layers of some modules. */
export interface BankForm<O> {
  /** The options of the bank that an adapter belongs to. Tensors of the adapter that are smaller are filled up with zeros. */
  options(options: O): O;
  /** A number that the adapter's tensor is multiplied by, where its effect depends on options that the bank has otherwise. */
  factor?(options: O, tensor: string): number;
  /** Whether an adapter changes nothing. theta: laid out as the method's tensors. */
  idle(layout: Layout, theta: Float32Array): boolean;
}

interface Common<O> {
  /** As settings and files write it: 'vera'. */
  readonly name: string;
  /** As people write it: 'VeRA'. */
  readonly label: string;
  /** One plain sentence for help and forms. */
  readonly summary: string;
  /** Its own settings. Methods may share a name (rank); each gives its own range and default. */
  readonly options: readonly Setting[];
  /** Gives a value to options that have no fixed default. Without it, they stay absent. */
  readonly complete?: (given: SettingValues) => SettingValues;
  /** The options of its adapters, if they are more than its own options. */
  readonly carried?: (own: SettingValues) => SettingValues;
  /** The learning rate if none is given. */
  readonly learningRate: number;
  readonly rates: readonly RateGroup[];
  /** Names of the weight formats it can train on. If absent, it can train on all of them. */
  readonly weightFormats?: readonly string[];
  /** What it does to a model. `tensors`: the base's, for a method that trains them all. `frozen`: the adapter's own frozen tensors, if they are not those made from the options. */
  create(
    sites: readonly LinearSite[],
    options: O,
    tensors: readonly BaseTensor[],
    frozen?: readonly FrozenTensor[],
  ): MethodAdaptation;
}

/** A method that leaves the base unchanged and adds to some of its linear layers. It trains an adapter. */
export interface LinearMethod<O = MethodOptions> extends Common<O> {
  readonly adapts: 'linear';
  /** The trained tensors of these layers, in the order in which theta has them; known before anything is built. */
  tensors(sites: readonly LinearSite[], options: O): readonly NamedTensor[];
  readonly frozen?: FrozenForm<O>;
  /** Options that decide the update of the weights, together with theta. The note in a merged model lists them. */
  readonly decisive: readonly string[];
  /** Whether its update can be added to the base's weights for good (`delta`). */
  readonly mergeable: boolean;
  /** How Hugging Face PEFT writes it. */
  readonly peft: PeftForm<O>;
  /** What "where it learned" shows. Without figures, nothing is shown. */
  readonly figures?: readonly Figure[];
  /** The LoRA adapter that makes the same update, if there is one. */
  asLora?(sites: readonly LinearSite[], options: O, theta: Float32Array, frozen?: readonly FrozenTensor[]): LoraForm;
  /** How adapters of it are served together, each on rows of its own. A method without this cannot be served unmerged. */
  readonly bank?: BankForm<O>;
  /** If present, the costs of other methods are shown beside this method's costs at these ranks. */
  readonly baseline?: readonly number[];
}

/** A method that trains every tensor of the base. It makes a model. */
export interface WholeMethod<O = MethodOptions> extends Common<O> {
  readonly adapts: 'all';
}

/** A way to train: VeRA, LoRA, or training everything. */
export type Method = LinearMethod | WholeMethod;
