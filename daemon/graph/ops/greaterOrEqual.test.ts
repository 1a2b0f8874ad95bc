import { computes, int64 } from '../../../test/gradient.ts';
import { greaterOrEqual } from './greaterOrEqual.ts';

const inputs = { a: int64([3, 1], [0, 1, 2]), b: int64([1, 3], [0, 1, 2]) };
computes(
  'GreaterOrEqual: every pair',
  (g, { a, b }) => g.op(greaterOrEqual, [a, b]),
  inputs,
  [1, 0, 0, 1, 1, 0, 1, 1, 1],
  [3, 3],
);
