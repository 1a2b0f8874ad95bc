import { computes, int64 } from '../../../test/gradient.ts';

computes(
  'BitwiseXor: of integers, broadcast',
  (g, { a, b }) => g.one('BitwiseXor', [a, b]),
  { a: int64([3], [1, 5, -1]), b: int64([1], [3]) },
  [2, 6, -4],
);
