/**
 * The types of a graph: its values, its nodes, the operators that nodes hold, and the builder that operators write to.
 * They refer to one another (a value names its node, a node its operator, an operator's gradient makes values), so they
 * stand in one file, and files of operators import nothing of the graph but this.
 */

/** Element types of ONNX tensors that the graphs here use. */
export type ElementType = 'float32' | 'int64' | 'int32' | 'uint32' | 'uint8' | 'int8' | 'bool';

/** Bytes of one element. */
export const BYTES: Readonly<Record<ElementType, number>> = {
  float32: 4,
  int64: 8,
  int32: 4,
  uint32: 4,
  uint8: 1,
  int8: 1,
  bool: 1,
};

/** A dimension: a number, or the name of one that is known only when the graph runs (`tokens`, `batch`, `length`...). */
export type Dim = number | string;
export type Shape = readonly Dim[];

export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint32Array | Uint8Array | Int8Array;

/** Where a value comes from when no node computes it. */
export type Source =
  | { readonly kind: 'input' }
  | { readonly kind: 'constant'; readonly data: TensorData }
  /** Bytes in a file. The key says which, and whoever serialises the graph finds them. */
  | { readonly kind: 'external'; readonly key: string };

/** Element type and shape: all that an operator's rules know of a value that does not exist yet. */
export interface Inferred {
  readonly type: ElementType;
  readonly shape: Shape;
}

/** A tensor of the graph: the result of a node, an input, a constant or a weight. */
export interface Value extends Inferred {
  readonly name: string;
  readonly source?: Source;
  readonly node?: Node;
}

/** Attributes whose name begins with `$` are for the graph itself and are not written to ONNX. */
export type Attribute = number | string | Shape | { readonly float: number } | { readonly body: Subgraph };
export type Attributes = Readonly<Record<string, Attribute>>;

/** The body of a `Loop`. Its nodes may also read values of the graph around it. */
export interface Subgraph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly constants: readonly Value[];
}

/** One use of an operator. */
export interface Node {
  readonly operator: Operator;
  /** undefined where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
  /** The part of the network (a transformer layer) that this node belongs to. Rematerialisation works inside one. */
  readonly segment?: number;
  /** True for nodes that differentiation made. */
  readonly backward?: boolean;
}

/** What a gradient rule receives. */
export interface RuleArguments {
  /** The inputs that are present. A rule of an operator with optional inputs reads `node.inputs` instead. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** The gradient of the loss for each output; undefined where the loss does not depend on it. */
  readonly gradients: readonly (Value | undefined)[];
  readonly node: Node;
}

/** What one kind of node does: the rules that building, differentiating, lowering and measuring a graph follow. */
export interface Operator {
  /** Name of the operator in ONNX, or a name of its own if ONNX does not have it. */
  readonly type: string;
  /** ONNX operator domain; the default domain when absent. */
  readonly domain?: string;
  /** The first ONNX operator set that has it, where the usual one has not. */
  readonly opset?: number;
  /** Types and shapes of the outputs. Throws if the inputs do not fit. */
  readonly shape: (inputs: readonly Value[], attributes: Attributes) => readonly Inferred[];
  /** One gradient per input (undefined if none flows there), made from the gradients of the outputs. */
  readonly gradient?: (g: Builder, args: RuleArguments) => readonly (Value | undefined)[];
  /** For an operator that ONNX lacks: the same outputs, made with operators that ONNX has. */
  readonly lower?: (g: Builder, node: Node) => readonly Value[];
  /** True if computing it again in the backward pass costs less than keeping its result in memory until then. */
  readonly cheap?: boolean;
  /** True if the output is the first input's bytes under another shape or name, so that no data moves. */
  readonly view?: boolean;
  /** True if it reads no more of its inputs than it writes (a few rows of a table, say). */
  readonly readsLittle?: boolean;
  /** For a matrix product: how many numbers it multiplies and adds, and of which type. */
  readonly product?: (node: Node) => Product;
  /** For a loop: its body, and how many times that runs. */
  readonly repeats?: (node: Node) => { readonly body: Subgraph; readonly times: Dim };
}

export interface Product {
  /** The kind of arithmetic, `float32` or `int8` for example. A weight format names the kind of its own products in the same way. */
  readonly type: string;
  /** The sizes whose product is the number of multiplications: those of the result, and the one that is summed over. */
  readonly sizes: Shape;
}

export interface MatmulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/**
 * What gradients and lowerings write to. `Graph` is the only implementation. Operators whose gradients need each other
 * (`Concat` and `Split`, `Expand` and `ReduceSum`) reach each other through these methods and so need no import.
 */
export interface Builder {
  /** Adds a node, or finds the equal one, and returns its first output. */
  op(operator: Operator, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value;
  /** Adds a node, or finds the equal one, and returns all its outputs. */
  outputsOf(operator: Operator, inputs: readonly (Value | undefined)[], attributes?: Attributes): readonly Value[];

  /** A constant held in the graph itself. data: the elements in row-major order; shape: a vector by default. */
  constant(data: TensorData, shape?: Shape): Value;
  /** A float32 constant without axes. */
  scalar(value: number): Value;
  /** An int64 vector. */
  indices(...values: number[]): Value;
  /** The size of a symbolic dimension (or of a multiple, `3*length`) as an int64 vector of one element. */
  dimension(name: string): Value;
  /** A shape as an int64 vector. */
  shapeTensor(shape: Shape): Value;
  /** The sizes of x's axes from start to end (all by default) as an int64 vector. */
  sizes(x: Value, start?: number, end?: number): Value;
  /** The size of one axis as an int64 vector of one element: the same value for all axes of a size that an input has. */
  sizeOf(x: Value, axis: number): Value;

  add(a: Value, b: Value): Value;
  sub(a: Value, b: Value): Value;
  mul(a: Value, b: Value): Value;
  div(a: Value, b: Value): Value;
  /** The product of a linear layer. x: [m, k], w: [n, k] -> [m, n]. */
  linear(x: Value, w: Value): Value;
  /** alpha * op(a) op(b) over the last two axes. */
  matmul(a: Value, b: Value, options?: MatmulOptions): Value;
  reshape(x: Value, shape: Shape): Value;
  expand(x: Value, shape: Shape): Value;
  transpose(x: Value, perm: readonly number[]): Value;
  reduceSum(x: Value, axes: readonly number[], keepdims?: boolean): Value;
  concat(parts: readonly (Value | undefined)[], axis: number): Value;
  /** Parts of the given sizes along an axis. */
  split(x: Value, sizes: Shape, axis: number): readonly Value[];
  /** Rows of x: [n, ...] at indices: [m] (int64) -> [m, ...]. */
  gather(x: Value, indices: Value): Value;

  /** The body of a `Loop`, with inputs of these types. `build` returns its outputs and may read values of this graph. */
  body(inputs: readonly Inferred[], build: (g: Builder, inputs: readonly Value[]) => readonly Value[]): Subgraph;
}

/** The bodies of loops among a node's attributes. */
export function bodiesOf(node: Node): Subgraph[] {
  return Object.values(node.attributes).flatMap((attribute) =>
    typeof attribute === 'object' && 'body' in attribute ? [attribute.body] : [],
  );
}

/** The number of elements. Throws if the shape has a symbolic dimension. */
export function elements(shape: Shape): number {
  return shape.reduce<number>((product, dim) => {
    if (typeof dim === 'string') throw new Error(`shape [${shape.join(', ')}] has the symbolic dimension ${dim}`);
    return product * dim;
  }, 1);
}

export const isStatic = (shape: Shape): boolean => shape.every((dim) => typeof dim === 'number');
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((dim, i) => dim === b[i]);
