import { computes, int64 } from '../../../test/gradient.ts';
import { equal } from './equal.ts';

const inputs = { a: int64([3, 1], [1, 2, 3]), b: int64([1, 3], [1, 2, 2]) };
computes('Equal: every pair', (g, { a, b }) => g.op(equal, [a, b]), inputs, [1, 0, 0, 0, 1, 1, 0, 0, 0], [3, 3]);
