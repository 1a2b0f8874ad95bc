import type { Graph } from '../graph/graph.ts';
import type { Value } from '../graph/value.ts';
import type { FrozenMatrix } from '../weights/format.ts';
import { float32Tensor } from '../weights/fp32.ts';
import type { Adaptation, Layers, LinearSite } from './adaptation.ts';
import type { Binding } from './binding.ts';

export type NetworkOptions = Layers['options'] & {
  readonly adaptation: Adaptation;
  /** Shape of a tensor of the base. Throws if there is none of that name. */
  readonly shapeOf: (name: string) => readonly number[];
  /** The trainable parameters, bound to this graph. */
  readonly trained: Binding;
  /** Whether gradients will flow back through the network. */
  readonly differentiable: boolean;
};

/** What model definitions and adaptations build on: weights, trained parameters and linear layers. */
export class Network implements Layers {
  readonly g: Graph;
  readonly options: NetworkOptions;

  constructor(g: Graph, options: NetworkOptions) {
    this.g = g;
    this.options = options;
  }

  /** A tensor of the model in float32: the trained one if there is one, else the frozen one of the base. */
  weight(name: string): Value {
    return this.trainedWeight(name) ?? float32Tensor(this.g, name, this.options.shapeOf(name));
  }

  /** A tensor of the model that is trained itself; undefined if it is frozen. */
  trainedWeight(name: string): Value | undefined {
    return this.options.adaptation.weight?.(this, name);
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
  frozen({ path, dIn, dOut }: Pick<LinearSite, 'path' | 'dIn' | 'dOut'>, x: Value): Value {
    const { format, differentiable } = this.options;
    return format.product(this.g, { name: `${path}.weight`, dIn, dOut }, x, differentiable);
  }

  /** x M^T for a frozen matrix M of a method, in the network's weight format. x: [n, columns] -> [n, rows]. */
  product(matrix: FrozenMatrix, x: Value): Value {
    return this.options.format.matrixProduct(this.g, matrix, x);
  }
}
