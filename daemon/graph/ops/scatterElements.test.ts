import { computes, given, int64 } from '../../../test/gradient.ts';
import { scatterElements } from './scatterElements.ts';

const inputs = { data: given([2, 2], [1, 1, 1, 1]), indices: int64([2, 1], [1, 0]), updates: given([2, 1], [5, 7]) };
for (const [reduction, expected] of [
  ['none', [1, 5, 7, 1]],
  ['add', [1, 6, 8, 1]],
] as const) {
  computes(
    `ScatterElements: ${reduction}`,
    (g, { data, indices, updates }) => g.op(scatterElements, [data, indices, updates], { axis: 1, reduction }),
    inputs,
    expected,
    [2, 2],
  );
}
