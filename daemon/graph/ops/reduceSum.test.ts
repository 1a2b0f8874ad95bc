import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { reduceSum } from './reduceSum.ts';

computes(
  'ReduceSum: over columns',
  (g, { x }) => g.op(reduceSum, [x, g.indices(1)], { $axes: [1], keepdims: 0 }),
  { x: given([2, 3], [1, 2, 3, 4, 5, 6]) },
  [6, 15],
  [2],
);
for (const axes of [[0], [1], [2], [0, 2], [0, 1, 2]]) {
  for (const keepdims of [0, 1]) {
    differentiates(
      `ReduceSum: axes ${axes.join()}, keepdims ${keepdims}`,
      (g, { x }) => g.op(reduceSum, [x, g.indices(...axes)], { $axes: axes, keepdims }),
      { x: floats([2, 3, 2]) },
    );
  }
}
differentiates(
  'ReduceSum: beside a symbolic size',
  (g, { x }) => g.op(reduceSum, [x, g.indices(1)], { $axes: [1], keepdims: 0 }),
  { x: floats([3, 2], { shape: ['rows', 2] }) },
);
differentiates('ReduceSum: over a symbolic size', (g, { x }) => g.reduceSum(x!, [0]), {
  x: floats([3, 2], { shape: ['rows', 2] }),
});
