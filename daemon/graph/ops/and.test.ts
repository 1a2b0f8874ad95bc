import { bool, computes } from '../../../test/gradient.ts';
import { and } from './and.ts';

computes(
  'And: both, broadcast',
  (g, { a, b }) => g.op(and, [a, b]),
  { a: bool([2, 2], [1, 1, 0, 0]), b: bool([2], [1, 0]) },
  [1, 0, 0, 0],
  [2, 2],
);
