import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { neg } from './neg.ts';

const values = [-3, -1, -0.1, 0, 0.5, 2, 4];
computes(
  'Neg: its values',
  (g, { x }) => g.op(neg, [x]),
  { x: given([7], values) },
  values.map((x) => -x),
);
differentiates('Neg: a matrix', (g, { x }) => g.op(neg, [x]), { x: floats([2, 5], { from: -3, to: 3 }) });
differentiates('Neg: a symbolic size', (g, { x }) => g.op(neg, [x]), { x: floats([3, 2], { shape: ['rows', 2] }) });
