import type { Graph } from '../graph/graph.ts';
import type { FileRange } from '../graph/onnx/serialize.ts';

/** A tensor in this process's memory, as it is given to an executor. */
export interface PlainTensor {
  readonly type: 'float32' | 'int64';
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}
/** Inputs by name. */
export type Feeds = Readonly<Record<string, PlainTensor>>;
/** The data of float32 outputs by name. */
export type Results = Record<string, Float32Array>;

export interface LoadOptions {
  /** Threads of the whole; default: the machine's cores. The same number gives the same bits. */
  readonly threads?: number;
  /** How many runs may be under way side by side, each on its share of the threads; default 1. */
  readonly lanes?: number;
  /** Lets the library copy weights into its own layout: faster where few tokens run at once, at the price of that copy. */
  readonly prepack?: boolean;
  /** Keeps freed memory for the next run instead of returning it: faster, with a higher peak. */
  readonly arena?: boolean;
  /** Writes a profile of every operator to files whose names begin so. */
  readonly profile?: string;
}

/** A graph on a device, ready to run. */
export interface Loaded {
  /**
   * Keeps tensors on the device under names of inputs: runs that follow need not be given them. The data must not change
   * before the next call. A tensor that is kept again replaces the one before.
   */
  keep(tensors: Feeds): void;
  /** Gives back tensors that were kept. */
  free(...names: readonly string[]): void;
  /** Runs the graph once. `fetch`: the outputs that are wanted; all of them where it is left out. */
  run(feeds: Feeds, fetch?: readonly string[]): Promise<Results>;
  /** Runs independent jobs, side by side where there are lanes. The results come in the order of the jobs. */
  runAll(jobs: readonly Feeds[], fetch?: readonly string[]): Promise<Results[]>;
  /** Ends it; nothing may be called afterwards. */
  release(): Promise<void>;
}

/** What graphs run on. Training, serving and merging know devices only through this. */
export interface Executor {
  readonly name: string;
  /** Loads a lowered graph; `locate` finds the bytes of its external weights, which are read in place. Throws VeraError 'runtime'. */
  load(graph: Graph, locate: (key: string) => FileRange, options?: LoadOptions): Promise<Loaded>;
}

/** For graphs without external weights. */
export function noWeights(key: string): never {
  throw new Error(`the graph reads the weight ${key}, but it has none`);
}
