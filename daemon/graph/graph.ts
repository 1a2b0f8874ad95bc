import { add } from './ops/add.ts';
import { concat } from './ops/concat.ts';
import { div } from './ops/div.ts';
import { expand } from './ops/expand.ts';
import { fusedMatMul } from './ops/fusedMatMul.ts';
import { gather } from './ops/gather.ts';
import { gemm } from './ops/gemm.ts';
import { mul } from './ops/mul.ts';
import { reduceSum } from './ops/reduceSum.ts';
import { reshape } from './ops/reshape.ts';
import { shape } from './ops/shape.ts';
import { split } from './ops/split.ts';
import { sub } from './ops/sub.ts';
import { transpose } from './ops/transpose.ts';
import type {
  Attributes,
  Builder,
  ElementType,
  Inferred,
  MatmulOptions,
  Node,
  Operator,
  Shape,
  Source,
  Subgraph,
  TensorData,
  Value,
} from './value.ts';
import { sameShape } from './value.ts';

const typeOf = (data: TensorData): ElementType => {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint32Array) return 'uint32';
  return data instanceof Int8Array ? 'int8' : 'uint8';
};

/**
 * A graph under construction. Nodes are kept in an order in which they can run. A second request for the same operator
 * on the same inputs returns the same values, so the graph never computes a common subexpression twice (`A x` is
 * computed once for all projections of one input).
 */
export class Graph implements Builder {
  readonly inputs: Value[] = [];
  readonly constants: Value[] = [];
  readonly nodes: Node[] = [];
  readonly outputs: { name: string; value: Value }[] = [];
  /** Nodes made while this is set belong to that segment. */
  segment: number | undefined;
  /** Nodes made while this is set are marked as part of the backward pass. */
  backward = false;
  readonly #prefix: string;
  readonly #known = new Map<string, readonly Value[]>();
  readonly #identities = new Map<object, number>();
  #count = 0;

  /** prefix: what the names of values begin with, so that those of a loop's body differ from those around it. */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  input(name: string, type: ElementType, shape: Shape): Value {
    const value: Value = { name, type, shape, source: { kind: 'input' } };
    this.inputs.push(value);
    return value;
  }

  constant(data: TensorData, shape: Shape = [data.length]): Value {
    const key =
      data.length <= 16
        ? `constant ${typeOf(data)} ${data.join()} [${shape.join()}]`
        : `constant #${String(this.#identity(data))} [${shape.join()}]`;
    return this.#leaf(key, typeOf(data), shape, { kind: 'constant', data });
  }

  /** A constant whose bytes are in a file. Its key finds them when the graph is serialised. */
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

  /** A number that represents an object in a node's key, so that two nodes are equal only if they hold the same object. */
  #identity(object: object): number {
    const known = this.#identities.get(object) ?? this.#identities.size + 1;
    this.#identities.set(object, known);
    return known;
  }

  #key(operator: Operator, inputs: readonly (Value | undefined)[], attributes: Attributes): string {
    const written = JSON.stringify(attributes, (_, v: unknown) =>
      typeof v === 'object' && v !== null && 'nodes' in v ? this.#identity(v) : v,
    );
    return `${String(this.#identity(operator))} ${inputs.map((v) => v?.name ?? '').join()} ${written}`;
  }

  outputsOf(operator: Operator, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): readonly Value[] {
    const key = this.#key(operator, inputs, attributes);
    const known = this.#known.get(key);
    if (known) return known;
    const present = inputs.filter((v) => v !== undefined);
    const inferred = operator.shape(present, attributes);
    const outputs: Value[] = [];
    const node: Node = {
      operator,
      inputs,
      attributes,
      outputs,
      ...(this.segment === undefined ? {} : { segment: this.segment }),
      ...(this.backward ? { backward: true } : {}),
    };
    for (const { type, shape } of inferred) outputs.push({ name: this.#name('v'), type, shape, node });
    this.nodes.push(node);
    this.#known.set(key, outputs);
    return outputs;
  }

  op(operator: Operator, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.outputsOf(operator, inputs, attributes)[0] as Value;
  }

  output(name: string, value: Value): void {
    this.outputs.push({ name, value });
  }

  body(inputs: readonly Inferred[], build: (g: Graph, inputs: readonly Value[]) => readonly Value[]): Subgraph {
    const g = new Graph(`${this.#name('b')}_`);
    for (const { type, shape } of inputs) g.input(g.#name('in'), type, shape);
    const outputs = build(g, g.inputs);
    return { inputs: g.inputs, outputs, nodes: g.nodes, constants: g.constants };
  }

  /** The size is read from an input that has this dimension. */
  dimension(name: string): Value {
    const [times, base] = name.split('*') as [string, string?];
    if (base) return this.mul(this.dimension(base), this.indices(Number(times)));
    for (const input of this.inputs) {
      const axis = input.shape.indexOf(name);
      if (axis >= 0) return this.sizes(input, axis, axis + 1);
    }
    throw new Error(`no input has the dimension ${name}`);
  }

  /** A constant if every size is known; otherwise nodes that put the sizes together. */
  shapeTensor(shape: Shape): Value {
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
    return parts.length === 1 ? (parts[0] as Value) : this.concat(parts, 0);
  }

  scalar(value: number): Value {
    return this.constant(Float32Array.of(value), []);
  }

  indices(...values: number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt));
  }

  sizes(x: Value, start?: number, end?: number): Value {
    return this.op(shape, [x], {
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
    });
  }

  sizeOf(x: Value, axis: number): Value {
    const dim = x.shape[axis];
    const named = typeof dim === 'string' && this.inputs.some(({ shape: sizes }) => sizes.includes(dim));
    return named ? this.dimension(dim) : this.sizes(x, axis, axis + 1);
  }

  add(a: Value, b: Value): Value {
    return this.op(add, [a, b]);
  }

  sub(a: Value, b: Value): Value {
    return this.op(sub, [a, b]);
  }

  mul(a: Value, b: Value): Value {
    return this.op(mul, [a, b]);
  }

  div(a: Value, b: Value): Value {
    return this.op(div, [a, b]);
  }

  linear(x: Value, w: Value): Value {
    return this.op(gemm, [x, w], { transB: 1 });
  }

  matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
    return this.op(fusedMatMul, [a, b], {
      transA: Number(options.transA ?? false),
      transB: Number(options.transB ?? false),
      alpha: { float: options.alpha ?? 1 },
    });
  }

  reshape(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    return this.op(reshape, [x, this.shapeTensor(shape)], { $to: shape });
  }

  expand(x: Value, shape: Shape): Value {
    return this.op(expand, [x, this.shapeTensor(shape)], { $to: shape });
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.op(transpose, [x], { perm });
  }

  reduceSum(x: Value, axes: readonly number[], keepdims = false): Value {
    return this.op(reduceSum, [x, this.indices(...axes)], { $axes: axes, keepdims: Number(keepdims) });
  }

  concat(parts: readonly (Value | undefined)[], axis: number): Value {
    return this.op(concat, parts, { axis });
  }

  split(x: Value, sizes: Shape, axis: number): readonly Value[] {
    return this.outputsOf(split, [x, this.shapeTensor(sizes)], { axis, $sizes: sizes });
  }

  gather(x: Value, indices: Value): Value {
    return this.op(gather, [x, indices], { axis: 0 });
  }
}
