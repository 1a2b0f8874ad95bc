import { Graph } from '../../graph/graph.ts';
import { defineOperator } from '../../graph/operator.ts';
import type { Dim, Value } from '../../graph/value.ts';
import { type Layout, layoutOf } from '../../layout.ts';
import type { Adaptation, Layers, LinearSite } from '../../models/adaptation.ts';
import { type Binding, bindEachRow } from '../../models/binding.ts';
import { Network, type NetworkOptions } from '../../models/network.ts';
import type { FrozenMatrix } from '../../weights/format.ts';
import { steadyProduct } from '../../weights/steady.ts';

/** x times y, where y may have one row for all rows of x. */
const scaled = defineOperator('Mul', { shape: ([x]) => [x as Value] });

/**
 * Binds one vector per row of the batch. Like `bindRows`, but a row's bits do not depend on the rows beside it, and nothing is gathered: the
 * vectors stand side by side in memory. Trained matrices come from the input `thetas` [batch, layout.size]. Trained vectors scale tokens, so they come
 * from the input `scales` [vectors, layout.size] with one vector per token, or one for all.
 */
export function bindBatch(g: Graph, layout: Layout, [batch, length]: readonly [Dim, Dim]): Binding {
  const input = (name: string, rows: Dim): Value | undefined =>
    layout.size === 0 ? undefined : g.input(name, 'float32', [rows, layout.size]);
  const byRow = bindEachRow(g, layout, input('thetas', batch), [batch, length], (x, piece, shape) => {
    const [n, k] = shape as [number, number];
    return steadyProduct(g, x, g.reshape(piece, [batch, n, k]), { lead: [batch], rows: length, k, n });
  });
  const sizes = layout.entries.map(({ start, end }) => end - start);
  const scales = input('scales', 'vectors');
  const pieces = scales ? g.split(scales, sizes, 1) : [];
  const places = new Map(layout.entries.map(({ name }, i) => [name, i]));
  return { ...byRow, scale: (x, name) => g.op(scaled, [x, pieces[places.get(name)!]]) };
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
