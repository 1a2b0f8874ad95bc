import type { Builder, Value } from '../graph/value.ts';
import type { FrozenMatrix, WeightFormat } from '../weights/format.ts';
import type { Binding } from './binding.ts';

export type { FrozenMatrix } from '../weights/format.ts';

/** A linear layer of a model: where it is and its size. */
export interface LinearSite {
  /** Its path in a Hugging Face checkpoint: `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  /** Index of its transformer layer; undefined for the head. */
  readonly layer?: number;
  readonly dIn: number;
  readonly dOut: number;
  readonly bias: boolean;
}

/** A trained tensor; the trainable vector holds all of them one after the other. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Parameters of one group share a learning rate; a method may have a setting for it. */
  readonly group: string;
  /** False for parameters that weight decay leaves alone. */
  readonly decay: boolean;
  /** Its first value, row-major. */
  readonly initial: () => Float32Array;
}

/** What an adaptation builds its layers from: the graph, the base's frozen weights and the trained parameters. `Network` is one. */
export interface Layers {
  readonly g: Builder;
  readonly trained: Binding;
  readonly options: {
    /** How frozen weights are held and multiplied. */
    readonly format: WeightFormat;
    /** About how many tokens a step has. It decides between equal ways to compute a product. */
    readonly tokens: number;
    /** One odd 64-bit number per token, from which dropout is drawn; absent if nothing is dropped. [tokens] int64. */
    readonly noise?: Value;
    /** 1 for tokens that an adaptation acts on, and 0 for those that the base reads alone; absent if it acts on all. [tokens, 1] float32. */
    readonly active?: Value;
  };
  /** A tensor of the model in float32: the trained one, or the frozen one of the base. */
  weight(name: string): Value;
  /** The base's own product x W^T, without bias. x: [n, dIn] -> [n, dOut]. */
  frozen(site: LinearSite, x: Value): Value;
  /** x M^T for a frozen matrix M of a method, in the network's weight format. x: [n, columns] -> [n, rows]. */
  product(matrix: FrozenMatrix, x: Value): Value;
}

/**
 * What replaces a model's frozen layers. The model asks for each linear layer's output. The adaptation computes it, and lists
 * the parameters that are trained. It does not know which model it adapts.
 */
export interface Adaptation {
  readonly parameters: readonly Parameter[];
  /** Whether it drops elements at random in training: a step then needs `noise`. */
  readonly noisy?: boolean;
  /** Whether it starts late in a row: the graph then needs `active`. */
  readonly late?: boolean;
  /** The layer's output without its bias, or undefined where the layer is not adapted. x: [n, dIn] -> [n, dOut]. */
  linear(net: Layers, site: LinearSite, x: Value): Value | undefined;
  /** A tensor of the model that is trained itself; undefined if it is frozen. */
  weight?(net: Layers, name: string): Value | undefined;
}

/** The base model without any adaptation. */
export const unadapted: Adaptation = { parameters: [], linear: () => undefined };
