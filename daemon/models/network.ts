import type { Graph } from '../graph/graph.ts';
import type { Value } from '../graph/value.ts';
import type { Adaptation, LinearSite } from './adaptation.ts';
import type { Binding } from './binding.ts';
import { quantizeColumns, transposed } from './quantize.ts';

export type Precision = 'fp32' | 'int8';

/** A frozen matrix that is no weight of the base: VeRA's A and B. data: [rows, columns]. */
export interface FrozenMatrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

export interface NetworkOptions {
  readonly precision: Precision;
  readonly adaptation: Adaptation;
  /** Shape of a tensor of the base; throws where there is none. */
  readonly shapeOf: (name: string) => readonly number[];
  /** The trainable parameters, bound to this graph. */
  readonly trained: Binding;
  /** About how many tokens a step has: what decides between equal ways to compute a product. */
  readonly tokens: number;
  /** One odd 64-bit number per token, from which dropout is drawn; absent where nothing is dropped. [tokens] int64. */
  readonly noise?: Value;
  /** Whether int8 products need their second copy of the weights, for the backward pass. */
  readonly differentiable: boolean;
}

const quantizedCopies = new WeakMap<Float32Array, ReturnType<typeof quantizeBoth>>();
const quantizeBoth = ({ data, rows, columns }: FrozenMatrix) => ({
  forward: quantizeColumns(transposed(data, rows, columns), columns, rows),
  backward: quantizeColumns(data, rows, columns),
});

/** What a model definition and an adaptation build on: products with frozen weights in the chosen precision. */
export class Network {
  readonly g: Graph;
  readonly options: NetworkOptions;

  constructor(g: Graph, options: NetworkOptions) {
    this.g = g;
    this.options = options;
  }

  /** A tensor of the model in float32: trained, or a frozen one of the base. */
  weight(name: string): Value {
    return (
      this.options.adaptation.weight?.(this, name) ??
      this.g.external(`f32:${name}`, 'float32', this.options.shapeOf(name))
    );
  }

  /** The trainable parameters: what a method multiplies with in its forward pass. */
  get trained(): Binding {
    return this.options.trained;
  }

  /** A linear layer with its adaptation and bias. x: [n, dIn] -> [n, dOut]. */
  linear(site: LinearSite, x: Value): Value {
    const y = this.options.adaptation.linear(this, site, x) ?? this.frozen(site, x);
    return site.bias ? this.g.add(y, this.weight(`${site.path}.bias`)) : y;
  }

  /** The base's own product x W^T, without bias. x: [n, dIn] -> [n, dOut]. */
  frozen(site: Pick<LinearSite, 'path' | 'dIn' | 'dOut'>, x: Value): Value {
    const name = `${site.path}.weight`;
    if (this.options.precision === 'fp32') return this.g.linear(x, this.weight(name));
    return this.quantized(x, this.int8(name, site.dOut, site.dIn));
  }

  /** The int8 copies of a weight [dOut, dIn]: forward [dIn, dOut] and its scales, backward [dOut, dIn] and its scales. */
  int8(name: string, dOut: number, dIn: number): [Value, Value, Value, Value] {
    const forward: [Value, Value] = [
      this.g.external(`int8f:${name}`, 'int8', [dIn, dOut]),
      this.g.external(`int8fs:${name}`, 'float32', [dOut]),
    ];
    if (!this.options.differentiable) return [...forward, ...forward];
    return [
      ...forward,
      this.g.external(`int8b:${name}`, 'int8', [dOut, dIn]),
      this.g.external(`int8bs:${name}`, 'float32', [dIn]),
    ];
  }

  /** x M^T for a frozen matrix M, in the network's precision. x: [n, columns] -> [n, rows]. */
  product(matrix: FrozenMatrix, x: Value): Value {
    const { data, rows, columns } = matrix;
    if (this.options.precision === 'fp32') return this.g.linear(x, this.g.constant(data, [rows, columns]));
    let copies = quantizedCopies.get(data);
    if (!copies) quantizedCopies.set(data, (copies = quantizeBoth(matrix)));
    const { forward, backward } = copies;
    return this.quantized(x, [
      this.g.constant(forward.q, [columns, rows]),
      this.g.constant(forward.scale),
      this.g.constant(backward.q, [rows, columns]),
      this.g.constant(backward.scale),
    ]);
  }

  private quantized(x: Value, copies: readonly Value[]): Value {
    return this.g.one('QuantizedLinear', [x, ...copies]);
  }
}
