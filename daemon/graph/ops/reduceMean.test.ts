import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { reduceMean } from './reduceMean.ts';

computes(
  'ReduceMean: over columns',
  (g, { x }) => g.op(reduceMean, [x, g.indices(1)], { $axes: [1], keepdims: 0 }),
  { x: given([2, 3], [1, 2, 3, 4, 5, 6]) },
  [2, 5],
  [2],
);
for (const axes of [[0], [1], [2], [0, 2], [0, 1, 2]]) {
  for (const keepdims of [0, 1]) {
    differentiates(
      `ReduceMean: axes ${axes.join()}, keepdims ${keepdims}`,
      (g, { x }) => g.op(reduceMean, [x, g.indices(...axes)], { $axes: axes, keepdims }),
      { x: floats([2, 3, 2]) },
    );
  }
}
differentiates(
  'ReduceMean: beside a symbolic size',
  (g, { x }) => g.op(reduceMean, [x, g.indices(1)], { $axes: [1], keepdims: 0 }),
  { x: floats([3, 2], { shape: ['rows', 2] }) },
);
