import { computes, given } from '../../../test/gradient.ts';
import { max } from './max.ts';

computes(
  'Max: the larger, broadcast',
  (g, { a, b }) => g.op(max, [a, b]),
  { a: given([2, 2], [1, -2, 3, -4]), b: given([2], [0, -3]) },
  [1, -2, 3, -3],
  [2, 2],
);
