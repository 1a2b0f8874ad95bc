/** Element types of ONNX tensors that the graphs here use. */
export type ElementType = 'float32' | 'int64' | 'int32' | 'uint32' | 'uint8' | 'int8' | 'bool';

/** A dimension: a number, or the name of one that is known only when the graph runs (`tokens`, `batch`, `length`...). */
export type Dim = number | string;
export type Shape = readonly Dim[];

export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint32Array | Uint8Array | Int8Array;

/** Where a value comes from when no node computes it. */
export type Source =
  | { readonly kind: 'input' }
  | { readonly kind: 'constant'; readonly data: TensorData }
  /** Bytes that live in a file; the key says which, and whoever serialises the graph locates it. */
  | { readonly kind: 'external'; readonly key: string };

/** A tensor of the graph: the result of a node, an input, a constant or a weight. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
  readonly source?: Source;
  node?: Node;
}

export type Attribute = number | string | readonly number[] | { readonly float: number } | { readonly body: Subgraph };

/** The body of a `Loop`: values of the enclosing graph may be used inside by name. */
export interface Subgraph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly constants: readonly Value[];
}

export interface Node {
  readonly type: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  outputs: Value[];
  /** The stretch of the network (a transformer layer) this node belongs to; rematerialisation works inside one. */
  readonly segment?: number;
  /** True for nodes made by reverse-mode differentiation. */
  readonly backward?: boolean;
}

/** Throws unless the shape has no symbolic dimension; returns its number of elements. */
export function elements(shape: Shape): number {
  return shape.reduce<number>((product, dim) => {
    if (typeof dim === 'string') throw new Error(`shape [${shape.join(', ')}] has the symbolic dimension ${dim}`);
    return product * dim;
  }, 1);
}

export const isStatic = (shape: Shape): boolean => shape.every((dim) => typeof dim === 'number');
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((dim, i) => dim === b[i]);
