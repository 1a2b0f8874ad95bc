import type { Value } from '../graph/value.ts';
import type { Network } from './network.ts';

/** A linear layer of a model: where it is and its size. */
export interface LinearSite {
  /** Module path as Hugging Face writes it: `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  /** Index of its transformer layer; undefined for the head. */
  readonly layer?: number;
  readonly dIn: number;
  readonly dOut: number;
  readonly bias: boolean;
}

/** A named slice of the flat trainable vector. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Which learning rate it takes: VeRA's b and d, a head, or everything else. */
  readonly group: 'b' | 'd' | 'head' | 'weight';
  /** False for parameters that weight decay leaves alone. */
  readonly decay: boolean;
  /** Its first value, row-major. */
  readonly initial: () => Float32Array;
}

/**
 * What stands in for a model's frozen layers. A model asks for `linear(path, x)`; the adaptation decides what that is and
 * lists the parameters it trains. It does not know which model it is in.
 */
export interface Adaptation {
  readonly parameters: readonly Parameter[];
  /** The layer's output without its bias, or undefined where the layer is not adapted. x: [n, dIn] -> [n, dOut]. */
  linear(net: Network, site: LinearSite, x: Value): Value | undefined;
  /** A tensor of the model that is trained itself; undefined where it is frozen. */
  weight?(net: Network, name: string): Value | undefined;
}

/** The base model as it is. */
export const unadapted: Adaptation = { parameters: [], linear: () => undefined };
