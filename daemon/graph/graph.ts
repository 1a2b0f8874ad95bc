import { operator } from './ops/registry.ts';
import type { Attribute, Dim, ElementType, Node, Shape, Source, TensorData, Value } from './value.ts';
import { sameShape } from './value.ts';

const typeOf = (data: TensorData): ElementType => {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint32Array) return 'uint32';
  return data instanceof Int8Array ? 'int8' : 'uint8';
};

const identities = new WeakMap<object, number>();
let nextIdentity = 0;
/** A number that stands for an object in a node's key: two nodes are the same only if they hold the same object. */
function identity(object: object): number {
  const known = identities.get(object);
  if (known !== undefined) return known;
  identities.set(object, ++nextIdentity);
  return nextIdentity;
}

/**
 * A graph under construction. Nodes are kept in an order in which they can run. Asking twice for the same operator on
 * the same inputs gives the same values, so that common subexpressions never arise (`A x` is computed once for all
 * projections of one input).
 */
export class Graph {
  readonly inputs: Value[] = [];
  readonly constants: Value[] = [];
  readonly nodes: Node[] = [];
  readonly outputs: { name: string; value: Value }[] = [];
  /** Nodes made while this is set belong to that segment. */
  segment: number | undefined;
  backward = false;
  readonly #prefix: string;
  readonly #known = new Map<string, Value[]>();
  #count = 0;

  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  input(name: string, type: ElementType, shape: Shape): Value {
    const value: Value = { name, type, shape, source: { kind: 'input' } };
    this.inputs.push(value);
    return value;
  }

  /** A constant held in the graph itself. data: the elements in row-major order; shape defaults to a vector. */
  constant(data: TensorData, shape: Shape = [data.length]): Value {
    const key =
      data.length <= 16
        ? `constant ${typeOf(data)} ${data.join()} [${shape.join()}]`
        : `constant #${identity(data)} [${shape.join()}]`;
    return this.#leaf(key, typeOf(data), shape, { kind: 'constant', data });
  }

  /** A constant whose bytes lie in a file, found by its key when the graph is serialised. */
  external(key: string, type: ElementType, shape: Shape): Value {
    return this.#leaf(`external ${key}`, type, shape, { kind: 'external', key });
  }

  #leaf(key: string, type: ElementType, shape: Shape, source: Source): Value {
    const known = this.#known.get(key);
    if (known?.[0]) return known[0];
    const value: Value = { name: this.#name('c'), type, shape, source };
    this.constants.push(value);
    this.#known.set(key, [value]);
    return value;
  }

  #name(stem: string): string {
    return `${this.#prefix}${stem}${String(++this.#count)}`;
  }

  /** Adds a node (or finds the equal one) and returns its outputs. */
  op(
    type: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const rules = operator(type);
    const key = `${type} ${inputs.map((v) => v?.name ?? '').join()} ${JSON.stringify(attributes, (_, v: unknown) => (typeof v === 'object' && v !== null && 'nodes' in v ? identity(v) : v))}`;
    const known = this.#known.get(key);
    if (known) return known;
    const present = inputs.filter((v) => v !== undefined);
    const inferred = rules.shape(present, attributes);
    const node: Node = {
      type,
      inputs,
      attributes,
      outputs: [],
      ...(this.segment === undefined ? {} : { segment: this.segment }),
      ...(this.backward ? { backward: true } : {}),
    };
    node.outputs = inferred.map(({ type, shape }) => ({ name: this.#name('v'), type, shape, node }));
    this.nodes.push(node);
    this.#known.set(key, node.outputs);
    return node.outputs;
  }

  /** Adds a node with one output. */
  one(
    type: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    return this.op(type, inputs, attributes)[0] as Value;
  }

  output(name: string, value: Value): void {
    this.outputs.push({ name, value });
  }

  /** The size of a symbolic dimension (or of a multiple, `3*length`) as an int64 vector of one element, read from an input that has it. */
  dimension(name: string): Value {
    const [times, base] = name.split('*') as [string, string?];
    if (base) return this.mul(this.dimension(base), this.indices(Number(times)));
    for (const input of this.inputs) {
      const axis = input.shape.indexOf(name);
      if (axis >= 0) return this.one('Shape', [input], { start: axis, end: axis + 1 });
    }
    throw new Error(`no input has the dimension ${name}`);
  }

  /** A shape as an int64 vector: constant where all is known, else put together while the graph runs. */
  shapeTensor(shape: readonly Dim[]): Value {
    if (shape.every((d) => typeof d === 'number')) return this.constant(BigInt64Array.from(shape, BigInt));
    const parts: Value[] = [];
    let run: number[] = [];
    const flush = (): void => {
      if (run.length > 0) parts.push(this.constant(BigInt64Array.from(run, BigInt)));
      run = [];
    };
    for (const dim of shape) {
      if (typeof dim === 'number') run.push(dim);
      else {
        flush();
        parts.push(this.dimension(dim));
      }
    }
    flush();
    return parts.length === 1 ? (parts[0] as Value) : this.one('Concat', parts, { axis: 0 });
  }

  scalar(value: number): Value {
    return this.constant(Float32Array.of(value), []);
  }

  indices(...values: number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt));
  }

  add = (a: Value, b: Value): Value => this.one('Add', [a, b]);
  sub = (a: Value, b: Value): Value => this.one('Sub', [a, b]);
  mul = (a: Value, b: Value): Value => this.one('Mul', [a, b]);
  div = (a: Value, b: Value): Value => this.one('Div', [a, b]);

  /** x: [m, k], w: [n, k] -> [m, n], the product of a linear layer. */
  linear = (x: Value, w: Value): Value => this.one('Gemm', [x, w], { transB: 1 });

  /** alpha * op(a) op(b) over the last two axes. */
  matmul(a: Value, b: Value, options: { transA?: boolean; transB?: boolean; alpha?: number } = {}): Value {
    return this.one('FusedMatMul', [a, b], {
      transA: Number(options.transA ?? false),
      transB: Number(options.transB ?? false),
      alpha: { float: options.alpha ?? 1 },
    });
  }

  reshape(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    return this.one('Reshape', [x, this.shapeTensor(shape)], { $to: JSON.stringify(shape) });
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.one('Transpose', [x], { perm });
  }

  reduceSum(x: Value, axes: readonly number[], keepdims = false): Value {
    return this.one('ReduceSum', [x, this.indices(...axes)], { $axes: axes, keepdims: Number(keepdims) });
  }

  /** Rows of x: [n, ...] at indices: [m] (int64) -> [m, ...]. */
  gather(x: Value, indices: Value): Value {
    return this.one('Gather', [x, indices], { axis: 0 });
  }
}
