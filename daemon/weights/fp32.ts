import type { Graph } from '../graph/graph.ts';
import { crossEntropy } from '../graph/ops/crossEntropy.ts';
import type { Dim, Shape, Value } from '../graph/value.ts';
import { copyKey, type WeightFormat } from './format.ts';
import { steadyProduct } from './steady.ts';

const KIND = 'f32';

/** A tensor of the base in float32: read from the checkpoint itself where it is stored so, else from the cache. */
export const float32Tensor = (g: Graph, name: string, shape: Shape): Value =>
  g.external(copyKey(KIND, name), 'float32', shape);

export const fp32: WeightFormat = {
  name: 'fp32',
  label: 'float32',
  summary: 'exact products with float32 weights',
  exact: true,
  copies: [{ kinds: [KIND], asStored: 'F32', make: (values) => [values] }],
  product: (g, { name, dOut, dIn }, x) => g.linear(x, float32Tensor(g, name, [dOut, dIn])),
  matrixProduct: (g, { data, rows, columns }, x) => g.linear(x, g.constant(data, [rows, columns])),
  fedInputs: (g, name, { rows, columns }) => [g.input(name, 'float32', [rows, columns])],
  fedProduct(g, [matrix], x) {
    const [n, k] = matrix!.shape as [number, number];
    return steadyProduct(g, x, matrix!, { lead: [], rows: x.shape[0] as Dim, k, n });
  },
  feedsOf: (name, { data, rows, columns }) => ({ [name]: { type: 'float32', data, dims: [rows, columns] } }),
  crossEntropy,
  headCopies: () => [],
  // Float32 products keep all threads of one session busy, and one session reads the weights once.
  lanes: () => 1,
  prepackForOneRow: false,
  products: 'float32',
  measured: (g, matrix, x) => fp32.matrixProduct(g, matrix, x),
};
