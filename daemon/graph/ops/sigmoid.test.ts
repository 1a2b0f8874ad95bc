import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { sigmoid } from './sigmoid.ts';

const values = [-3, -1, -0.1, 0, 0.5, 2, 4];
computes(
  'Sigmoid: its values',
  (g, { x }) => g.op(sigmoid, [x]),
  { x: given([7], values) },
  values.map((x) => 1 / (1 + Math.exp(-x))),
);
differentiates('Sigmoid: a matrix', (g, { x }) => g.op(sigmoid, [x]), { x: floats([2, 5], { from: -3, to: 3 }) });
differentiates('Sigmoid: a symbolic size', (g, { x }) => g.op(sigmoid, [x]), {
  x: floats([3, 2], { shape: ['rows', 2] }),
});
