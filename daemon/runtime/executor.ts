import type { Graph } from '../graph/graph.ts';
import type { FileRange } from '../graph/onnx/serialize.ts';

/** A tensor in this process's memory. An executor copies it to its device. */
export interface PlainTensor {
  readonly type: 'float32' | 'int64' | 'int8';
  readonly data: Float32Array | BigInt64Array | Int8Array;
  readonly dims: readonly number[];
}
/** Inputs by name. */
export type Feeds = Readonly<Record<string, PlainTensor>>;
/** The data of the float32 outputs, by name. */
export type Results = Record<string, Float32Array>;

export interface LoadOptions {
  /** Threads for all lanes together; default: the number of the machine's cores. The same number gives the same bits. */
  readonly threads?: number;
  /** How many runs may be in progress at once, each on its share of the threads; default 1. */
  readonly lanes?: number;
  /** Lets the library copy weights into its own layout. This is faster if few tokens run at once, and needs memory for the copy. */
  readonly prepack?: boolean;
  /** Keeps freed memory for the next run instead of returning it. This is faster and has a higher peak. */
  readonly arena?: boolean;
  /** For `runInto`; needs a single lane. */
  readonly inPlace?: boolean;
  /** If set, onnxruntime writes a profile of every operator to files whose names begin with this. */
  readonly profile?: string;
}

/** A graph on a device, ready to run. */
export interface Loaded {
  /**
   * Keeps tensors on the device under the names of inputs, so that later runs do not have to pass them. The data must not change
   * before the next call. A tensor with the same name replaces the earlier one.
   */
  keep(tensors: Feeds): void;
  /** Frees tensors that were kept. */
  free(...names: readonly string[]): void;
  /** Runs the graph once. `fetch`: the names of the outputs to return; all of them by default. */
  run(feeds: Feeds, fetch?: readonly string[]): Promise<Results>;
  /**
   * Runs a graph once that was loaded `inPlace`, and writes its outputs into the memory of these tensors; nothing is copied. An output of
   * TensorScatter may have the memory of its cache.
   */
  runInto(feeds: Feeds, outputs: Feeds): Promise<void>;
  /** Runs independent jobs, side by side if there are several lanes. The results are in the order of the jobs. */
  runAll(jobs: readonly Feeds[], fetch?: readonly string[]): Promise<Results[]>;
  /** Frees the graph. No other method may be called afterwards. */
  release(): Promise<void>;
}

/** A device that runs graphs. Training, serving and merging use devices only through this interface. */
export interface Executor {
  readonly name: string;
  /** Loads a lowered graph. `locate` finds the bytes of external weights, which are read from where they are. Throws VeraError 'runtime'. */
  load(graph: Graph, locate: (key: string) => FileRange, options?: LoadOptions): Promise<Loaded>;
}

/** For graphs without external weights. */
export function noWeights(key: string): never {
  throw new Error(`the graph reads the weight ${key}, but it has none`);
}
