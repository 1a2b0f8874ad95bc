import type { Batch } from '../data/batch.ts';
import type { Value } from '../graph/value.ts';
import type { ModelConfig } from '../models/model.ts';
import type { Network } from '../models/network.ts';
import type { Feeds } from '../runtime/executor.ts';

/** Rows of a batch as they run through the network at once. */
export type BatchPart = Pick<
  Batch,
  'rows' | 'length' | 'ids' | 'positions' | 'segments' | 'active' | 'targets' | 'labels'
>;

/** A figure that says how well a model does. */
export interface Measure {
  readonly name: string;
  readonly label: string;
  readonly better: 'lower' | 'higher';
  /** Digits after the point, for people. */
  readonly digits: number;
  /** The figure from the summed loss and what was counted in it. */
  readonly of: (loss: number, counted: number) => number;
}

export interface LossOptions {
  /** Tokens of the longest row. */
  readonly maxLength: number;
  /** Whether the gradient is wanted too. */
  readonly train: boolean;
}

/** What a model learns to predict. A family says what a model is; an objective says what its output is for. */
export interface Objective {
  readonly name: string;
  readonly label: string;
  readonly summary: string;
  /** The first is what training minimises. */
  readonly measures: readonly [Measure, ...Measure[]];
  /**
   * Adds the inputs of a part of a batch to the network's graph, the model, its head and the loss. -> the summed loss []. Without a
   * gradient it may add an output 'right' []: how many of what it counts were predicted right.
   */
  loss(net: Network, config: ModelConfig, options: LossOptions): Value;
  /** The tensors for those inputs. */
  feeds(part: BatchPart): Feeds;
  /** The symbolic dimensions of that graph for full rows. `counted`: the tokens that count in the loss, all if left out. */
  readonly sizes: (rows: number, length: number, counted?: number) => Readonly<Record<string, number>>;
}
