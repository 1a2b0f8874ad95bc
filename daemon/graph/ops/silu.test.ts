import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { silu } from './silu.ts';

const values = [-3, -1, -0.1, 0, 0.5, 2, 4];
computes(
  'Silu: its values',
  (g, { x }) => g.op(silu, [x]),
  { x: given([7], values) },
  values.map((x) => x / (1 + Math.exp(-x))),
);
differentiates('Silu: a matrix', (g, { x }) => g.op(silu, [x]), { x: floats([2, 5], { from: -3, to: 3 }) });
differentiates('Silu: a symbolic size', (g, { x }) => g.op(silu, [x]), {
  x: floats([3, 2], { shape: ['rows', 2] }),
});
