import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { exp } from './exp.ts';

const values = [-3, -1, -0.1, 0, 0.5, 2, 4];
computes(
  'Exp: its values',
  (g, { x }) => g.op(exp, [x]),
  { x: given([7], values) },
  values.map((x) => Math.exp(x)),
);
differentiates('Exp: a matrix', (g, { x }) => g.op(exp, [x]), { x: floats([2, 5], { from: -3, to: 3 }) });
differentiates('Exp: a symbolic size', (g, { x }) => g.op(exp, [x]), { x: floats([3, 2], { shape: ['rows', 2] }) });
