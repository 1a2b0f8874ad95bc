import { computes, given, int64 } from '../../../test/gradient.ts';
import { gatherElements } from './gatherElements.ts';

const data = given([2, 3], [1, 2, 3, 4, 5, 6]);
computes(
  'GatherElements: one of each row',
  (g, { data, indices }) => g.op(gatherElements, [data, indices], { axis: 1 }),
  { data, indices: int64([2, 1], [2, 0]) },
  [3, 4],
  [2, 1],
);
