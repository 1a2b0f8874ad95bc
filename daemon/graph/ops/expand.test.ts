import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import type { Graph } from '../graph.ts';
import type { Shape, Value } from '../value.ts';

const expand = (g: Graph, x: Value, shape: Shape): Value => g.expand(x, shape);

computes('Expand: a column', (g, { x }) => expand(g, x!, [2, 2]), { x: given([2, 1], [1, 2]) }, [1, 1, 2, 2], [2, 2]);
for (const from of [[], [1], [3], [2, 1], [1, 1, 3]]) {
  differentiates(`Expand: from [${from.join()}]`, (g, { x }) => expand(g, x!, [2, 2, 3]), { x: floats(from) });
}
differentiates('Expand: to a symbolic size', (g, { x, like }) => g.mul(expand(g, x!, ['rows', 3]), like!), {
  x: floats([3]),
  like: floats([2, 3], { shape: ['rows', 3] }),
});
