import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { identity } from './identity.ts';

const values = [-3, -1, -0.1, 0, 0.5, 2, 4];
computes(
  'Identity: its values',
  (g, { x }) => g.op(identity, [x]),
  { x: given([7], values) },
  values.map((x) => x),
);
differentiates('Identity: a matrix', (g, { x }) => g.op(identity, [x]), { x: floats([2, 5], { from: -3, to: 3 }) });
differentiates('Identity: a symbolic size', (g, { x }) => g.op(identity, [x]), {
  x: floats([3, 2], { shape: ['rows', 2] }),
});
