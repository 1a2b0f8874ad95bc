import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import type { Graph } from '../graph.ts';
import type { Value } from '../value.ts';

const split = (g: Graph, x: Value, axis: number, sizes: number[]): readonly Value[] => g.split(x, sizes, axis);

computes(
  'Split: the second part',
  (g, { x }) => split(g, x!, 0, [1, 2])[1]!,
  { x: given([3], [1, 2, 3]) },
  [2, 3],
  [2],
);
differentiates(
  'Split: every part used',
  (g, { x }) => g.mul(split(g, x!, 1, [2, 2])[0]!, split(g, x!, 1, [2, 2])[1]!),
  { x: floats([3, 4]) },
);
differentiates('Split: a part that nothing uses', (g, { x }) => split(g, x!, 0, [1, 3])[1]!, { x: floats([4, 2]) });
differentiates('Split: beside a symbolic size', (g, { x }) => split(g, x!, 1, [1, 2])[0]!, {
  x: floats([2, 3], { shape: ['rows', 3] }),
});
