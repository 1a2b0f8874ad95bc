import { Graph } from '../../graph/graph.ts';
import type { Dim, Value } from '../../graph/value.ts';
import { type Layout, layoutOf } from '../../layout.ts';
import type { Adaptation, Layers, LinearSite } from '../../models/adaptation.ts';
import { type Binding, bindEachRow } from '../../models/binding.ts';
import { Network, type NetworkOptions } from '../../models/network.ts';
import type { FrozenMatrix } from '../../weights/format.ts';
import { steadyProduct } from '../../weights/steady.ts';

/**
 * Binds one vector per row of the batch, which the graph gets as the input `thetas` [batch, layout.size]. Like `bindRows`, but
 * a row's bits do not depend on the rows beside it, and nothing is gathered: the rows' vectors stand side by side in memory.
 */
export function bindBatch(g: Graph, layout: Layout, [batch, length]: readonly [Dim, Dim]): Binding {
  const thetas = layout.size === 0 ? undefined : g.input('thetas', 'float32', [batch, layout.size]);
  return bindEachRow(g, layout, thetas, [batch, length], (x, piece, shape) => {
    const [n, k] = shape as [number, number];
    return steadyProduct(g, x, g.reshape(piece, [batch, n, k]), { lead: [batch], rows: length, k, n });
  });
}

/** The frozen matrices of an adaptation, in the order in which its layers first use them: the same order for the same options and layers. */
export function frozenMatrices(adaptation: Adaptation, sites: readonly LinearSite[]): FrozenMatrix[] {
  const found = new Map<Float32Array, FrozenMatrix>();
  const g = new Graph();
  let inputs = 0;
  const some = (columns: number): Value => g.input(`x${inputs++}`, 'float32', ['tokens', columns]);
  const positions = g.input('positions', 'int64', ['batch', 'length']);
  const layers: Pick<Layers, 'g' | 'trained' | 'frozen' | 'product'> = {
    g,
    trained: bindBatch(g, layoutOf(adaptation.parameters), positions.shape as [Dim, Dim]),
    frozen: ({ dOut }) => some(dOut),
    product(matrix) {
      found.set(matrix.data, matrix);
      return some(matrix.rows);
    },
  };
  const options = { format: { exact: false }, tokens: 1 };
  for (const site of sites) adaptation.linear({ ...layers, options } as unknown as Layers, site, some(site.dIn));
  return [...found.values()];
}

/** A network whose frozen matrices are inputs of the graph, so that one graph serves adapters of any projection. */
export class ServedNetwork extends Network {
  readonly #inputs: ReadonlyMap<Float32Array, readonly Value[]>;

  constructor(g: Graph, options: NetworkOptions, matrices: readonly FrozenMatrix[]) {
    super(g, options);
    const { format } = options;
    this.#inputs = new Map(matrices.map((matrix, i) => [matrix.data, format.fedInputs(g, frozenName(i), matrix)]));
  }

  override product(matrix: FrozenMatrix, x: Value): Value {
    return this.options.format.fedProduct(this.g, this.#inputs.get(matrix.data)!, x);
  }
}

export const frozenName = (index: number): string => `frozen${index}`;
