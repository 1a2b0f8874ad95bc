import type { Graph } from '../graph/graph.ts';
import { crossEntropyWith } from '../graph/ops/crossEntropy.ts';
import { matMulIntegerToFloat, quantizedLinear, quantizeLinear } from '../graph/ops/quantizedLinear.ts';
import type { Value } from '../graph/value.ts';
import { copyKey, type FrozenMatrix, type FrozenWeight, type WeightFormat } from './format.ts';
import { type Quantized, quantizeColumns, transposed } from './quantize.ts';

/** Kinds of cached arrays: the matrix [dIn, dOut] and its scales for the forward pass, [dOut, dIn] for the backward pass. */
const [FORWARD, FORWARD_SCALES, BACKWARD, BACKWARD_SCALES] = ['int8f', 'int8fs', 'int8b', 'int8bs'] as const;

interface Both {
  readonly forward: Quantized;
  readonly backward: Quantized;
}

/** The copies of a method's matrices. One object is one matrix, so each is quantised once however many layers use it. */
const known = new WeakMap<Float32Array, Both>();

function bothOf({ data, rows, columns }: FrozenMatrix): Both {
  const found = known.get(data);
  if (found) return found;
  const made = {
    forward: quantizeColumns(transposed(data, rows, columns), columns, rows),
    backward: quantizeColumns(data, rows, columns),
  };
  known.set(data, made);
  return made;
}

const forwardOf = (g: Graph, { name, dIn, dOut }: FrozenWeight): [Value, Value] => [
  g.external(copyKey(FORWARD, name), 'int8', [dIn, dOut]),
  g.external(copyKey(FORWARD_SCALES, name), 'float32', [dOut]),
];

const backwardOf = (g: Graph, { name, dIn, dOut }: FrozenWeight): [Value, Value] => [
  g.external(copyKey(BACKWARD, name), 'int8', [dOut, dIn]),
  g.external(copyKey(BACKWARD_SCALES, name), 'float32', [dIn]),
];

/**
 * Weights in int8 with one scale per column. Activations are quantised row by row as they come. The backward pass sums over
 * the other axis, so it has a copy of its own.
 */
export const int8: WeightFormat = {
  name: 'int8',
  label: 'int8',
  summary: 'faster products with weights rounded to 8 bits',
  exact: false,
  copies: [
    {
      // The scales come last: a reader that finds them finds the matrix too.
      kinds: [FORWARD, FORWARD_SCALES],
      make: (values, [rows, columns]) => {
        const { q, scale } = quantizeColumns(transposed(values, rows!, columns!), columns!, rows!);
        return [q, scale];
      },
    },
    {
      kinds: [BACKWARD, BACKWARD_SCALES],
      make: (values, [rows, columns]) => {
        const { q, scale } = quantizeColumns(values, rows!, columns!);
        return [q, scale];
      },
    },
  ],
  product(g, weight, x, differentiable) {
    const forward = forwardOf(g, weight);
    return g.op(quantizedLinear, [x, ...forward, ...(differentiable ? backwardOf(g, weight) : forward)]);
  },
  matrixProduct(g, matrix, x) {
    const { rows, columns } = matrix;
    const { forward, backward } = bothOf(matrix);
    return g.op(quantizedLinear, [
      x,
      g.constant(forward.q, [columns, rows]),
      g.constant(forward.scale),
      g.constant(backward.q, [rows, columns]),
      g.constant(backward.scale),
    ]);
  },
  fedInputs: (g, name, { rows, columns }) => [
    g.input(name, 'int8', [columns, rows]),
    g.input(`${name}Scale`, 'float32', [rows]),
  ],
  fedProduct: (g, inputs, x) => g.op(quantizedLinear, [x, ...inputs, ...inputs]),
  feedsOf(name, { data, rows, columns }) {
    const { q, scale } = quantizeColumns(transposed(data, rows, columns), columns, rows);
    return {
      [name]: { type: 'int8', data: q, dims: [columns, rows] },
      [`${name}Scale`]: { type: 'float32', data: scale, dims: [rows] },
    };
  },
  crossEntropy: crossEntropyWith((g, rows, _, copies) => g.op(quantizedLinear, [rows, ...copies, ...copies])),
  headCopies: forwardOf,
  // An int8 product is over so soon that the threads of one session would spend their time waiting for one another.
  lanes: (threads, parts) => Math.max(1, Math.min(threads, parts)),
  prepackForOneRow: true,
  products: 'int8',
  measured(g, { data, rows, columns }, x) {
    const { q, scale } = quantizeColumns(data, rows, columns);
    const zero = g.constant(Uint8Array.of(128), []);
    const quantized = g.op(quantizeLinear, [x, g.scalar(1 / 127), zero]);
    const copy = [g.constant(q, [rows, columns]), g.constant(scale)];
    return g.op(matMulIntegerToFloat, [quantized, copy[0], g.scalar(1 / 127), copy[1], zero]);
  },
};
