import { computes, given } from '../../../test/gradient.ts';
import { slice } from './slice.ts';

const x = given([3, 2], [1, 2, 3, 4, 5, 6]);
computes(
  'Slice: rows',
  (g, { x }) => g.op(slice, [x, g.indices(1), g.indices(3), g.indices(0)], { $to: '[2,2]' }),
  { x },
  [3, 4, 5, 6],
  [2, 2],
);
computes(
  'Slice: columns',
  (g, { x }) => g.op(slice, [x, g.indices(1), g.indices(2), g.indices(1)], { $to: '[3,1]' }),
  { x },
  [2, 4, 6],
  [3, 1],
);
