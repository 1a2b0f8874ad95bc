import type { DType } from '../formats/dtype.ts';
import type { Graph } from '../graph/graph.ts';
import type { Operator, Product, Value } from '../graph/value.ts';

/** A frozen matrix that is not a weight of the base: VeRA's A and B. data: [rows, columns]. */
export interface FrozenMatrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** A tensor that a run is given. */
export interface FedTensor {
  readonly type: 'float32' | 'int8';
  readonly data: Float32Array | Int8Array;
  readonly dims: readonly number[];
}

/** A frozen weight of the base, [dOut, dIn], by the name of its tensor. */
export interface FrozenWeight {
  readonly name: string;
  readonly dIn: number;
  readonly dOut: number;
}

/** Arrays that are made from a tensor of the base, once, and kept in the cache. */
export interface Copies {
  /** Names of the arrays, in the order in which `make` gives them. They are folders of the cache and prefixes of keys. */
  readonly kinds: readonly string[];
  /** A tensor of this type already is what `make` would give, so it is read from the checkpoint itself. */
  readonly asStored?: DType;
  /** values: the tensor in float32, row-major; shape: its shape. */
  readonly make: (values: Float32Array, shape: readonly number[]) => readonly (Float32Array | Int8Array)[];
}

/** How the frozen weights of a base are held and multiplied. */
export interface WeightFormat {
  /** The value of the setting `precision`. */
  readonly name: string;
  readonly label: string;
  /** One sentence for people who choose. */
  readonly summary: string;
  /** Whether products read the weight itself in float32, so that a method may add its update to it. */
  readonly exact: boolean;
  /** The cached arrays that its graphs read. */
  readonly copies: readonly Copies[];
  /** x W^T. x: [n, dIn] -> [n, dOut]. `differentiable`: whether a gradient will flow back to x. */
  product(g: Graph, weight: FrozenWeight, x: Value, differentiable: boolean): Value;
  /** x M^T for a matrix of a method. x: [n, columns] -> [n, rows]. */
  matrixProduct(g: Graph, matrix: FrozenMatrix, x: Value): Value;
  /** Inputs, whose names begin with `name`, for a matrix that each run is given. */
  fedInputs(g: Graph, name: string, size: Pick<FrozenMatrix, 'rows' | 'columns'>): readonly Value[];
  /** x M^T for such a matrix. A row's bits do not depend on the other rows. */
  fedProduct(g: Graph, inputs: readonly Value[], x: Value): Value;
  /** What those inputs are given. */
  feedsOf(name: string, matrix: FrozenMatrix): Record<string, FedTensor>;
  /** The loss of the next token, with its logits computed in this format. */
  readonly crossEntropy: Operator;
  /** The inputs of that operator after the head in float32. head: [vocabulary, hidden]. */
  headCopies(g: Graph, head: FrozenWeight): readonly Value[];
  /** How many parts of a step run side by side, each on its share of the threads. */
  lanes(threads: number, parts: number): number;
  /** Whether onnxruntime's own layout of the weights pays where one row of tokens is read at a time. */
  readonly prepackForOneRow: boolean;
  /** The kind of its products (`Product.type` of its operator), in `Footprint` and in measured rates. */
  readonly products: Product['type'];
  /** The product that the plan measures. x: [n, width], matrix: [width, width] -> [n, width]. */
  measured(g: Graph, matrix: FrozenMatrix, x: Value): Value;
}

/** The key by which a graph names a cached array of a tensor, and a locator finds its bytes. */
export const copyKey = (kind: string, tensor: string): string => `${kind}:${tensor}`;

/** The parts of a key. */
export function copyOf(key: string): { kind: string; tensor: string } {
  const colon = key.indexOf(':');
  return { kind: key.slice(0, colon), tensor: key.slice(colon + 1) };
}
