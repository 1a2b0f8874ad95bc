import type { Graph } from '../graph/graph.ts';
import type { Dim, Value } from '../graph/value.ts';
import { type Layout } from '../layout.ts';

/**
 * The trainable vector of a graph, cut into its tensors. A method uses `scale` and `product` in its forward pass; both work
 * whether the whole batch shares one vector or each row of the batch has its own.
 */
export interface Binding {
  /** One value per tensor of the layout, in order: what gradients are asked for. Their concatenation along `axis` is the vector. */
  readonly pieces: readonly Value[];
  readonly axis: number;
  /** Whether each row of the batch has a vector of its own. */
  readonly perRow: boolean;
  /** A trained tensor in its shape. Throws where each row has its own, which then has no single value. */
  value(name: string): Value;
  /** x times a trained vector, element by element. x: [n, d] -> [n, d]. */
  scale(x: Value, name: string): Value;
  /** x M^T for a trained matrix M of shape [out, in]. x: [n, in] -> [n, out]. */
  product(x: Value, name: string): Value;
}

/** Binds one vector for the whole batch. theta: [layout.size]; left out, the graph gets an input of that name (none for size 0). */
export function bindOne(g: Graph, layout: Layout, theta = thetaInput(g, layout)): Binding {
  const sizes = layout.entries.map(({ start, end }) => end - start);
  const pieces = theta ? g.split(theta, sizes, 0) : [];
  const values = new Map(layout.entries.map(({ name, shape }, i) => [name, g.reshape(pieces[i] as Value, shape)]));
  const value = (name: string): Value => found(values, name);
  return {
    pieces,
    axis: 0,
    perRow: false,
    value,
    scale: (x, name) => g.mul(value(name), x),
    product: (x, name) => g.linear(x, value(name)),
  };
}

const thetaInput = (g: Graph, { size }: Layout): Value | undefined =>
  size === 0 ? undefined : g.input('theta', 'float32', [size]);

/** Which vector each row of a batch has. */
export interface Rows {
  /** For each row of the batch, the row of `thetas`. [batch] int64. */
  readonly rowOf: Value;
  /** Tokens of every row of the batch: the products' x is [batch * length, d]. */
  readonly length: Dim;
}

/**
 * Binds one vector per row of the batch. thetas: [vectors, layout.size], a bank of vectors of one layout (`padded` brings
 * adapters of smaller ranks to it). Each row gets what it would get alone with its own vector. The adaptation's options and frozen
 * matrices are those of all rows: VeRA adapters can share a bank if the rows of A and the columns of B that they use are the same.
 */
export function bindRows(g: Graph, layout: Layout, thetas: Value, { rowOf, length }: Rows): Binding {
  const batch = rowOf.shape[0] as Dim;
  return bindEachRow(g, layout, g.gather(thetas, rowOf), [batch, length], (x, piece, shape) =>
    g.matmul(x, g.reshape(piece, [batch, ...shape]), { transB: true }),
  );
}

/**
 * Binds the vectors of a batch's rows. thetas: [batch, layout.size]; undefined for a layout of size 0. `product` multiplies each
 * row with its own matrix of the given shape [out, in]. x: [batch, length, in] -> [batch, length, out], in any shape of that size.
 */
export function bindEachRow(
  g: Graph,
  layout: Layout,
  thetas: Value | undefined,
  [batch, length]: readonly [Dim, Dim],
  product: (x: Value, piece: Value, shape: readonly number[]) => Value,
): Binding {
  const sizes = layout.entries.map(({ start, end }) => end - start);
  const pieces = thetas ? g.split(thetas, sizes, 1) : [];
  const values = new Map(layout.entries.map(({ name, shape }, i) => [name, { piece: pieces[i] as Value, shape }]));
  const byRow = (x: Value): Value => g.reshape(x, [batch, length, x.shape[1] as Dim]);
  return {
    pieces,
    axis: 1,
    perRow: true,
    value(name) {
      throw new Error(`each row of the batch has its own ${name}; it has no single value`);
    },
    scale(x, name) {
      const { piece, shape } = found(values, name);
      return g.reshape(g.mul(g.reshape(piece, [batch, 1, ...shape]), byRow(x)), x.shape);
    },
    product(x, name) {
      const { piece, shape } = found(values, name);
      return g.reshape(product(byRow(x), piece, shape), [x.shape[0] as Dim, shape[0] as number]);
    },
  };
}

function found<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value === undefined) throw new Error(`no parameter ${name}`);
  return value;
}
