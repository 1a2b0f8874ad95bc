import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { tanh } from './tanh.ts';

const values = [-3, -1, -0.1, 0, 0.5, 2, 4];
computes(
  'Tanh: its values',
  (g, { x }) => g.op(tanh, [x]),
  { x: given([7], values) },
  values.map((x) => Math.tanh(x)),
);
differentiates('Tanh: a matrix', (g, { x }) => g.op(tanh, [x]), { x: floats([2, 5], { from: -3, to: 3 }) });
differentiates('Tanh: a symbolic size', (g, { x }) => g.op(tanh, [x]), {
  x: floats([3, 2], { shape: ['rows', 2] }),
});
