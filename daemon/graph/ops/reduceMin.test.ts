import { computes, given } from '../../../test/gradient.ts';
import { reduceMin } from './reduceMin.ts';

const x = given([2, 3], [1, 2, 3, 4, 5, 6]);
for (const keepdims of [0, 1]) {
  const over =
    (axis: number) =>
    (g: Parameters<Parameters<typeof computes>[1]>[0], { x }: Parameters<Parameters<typeof computes>[1]>[1]) =>
      g.op(reduceMin, [x, g.indices(axis)], { $axes: [axis], keepdims });
  computes(`ReduceMin: over columns, keepdims ${keepdims}`, over(1), { x }, [1, 4], keepdims ? [2, 1] : [2]);
  computes(`ReduceMin: over rows, keepdims ${keepdims}`, over(0), { x }, [1, 2, 3], keepdims ? [1, 3] : [3]);
}
