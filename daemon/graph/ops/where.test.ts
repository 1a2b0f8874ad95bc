import { bool, computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { where } from './where.ts';

const condition = bool([2, 2], [1, 0, 0, 1]);
computes(
  'Where: one or the other',
  (g, { condition, a, b }) => g.op(where, [condition, a, b]),
  { condition, a: given([2, 2], [1, 2, 3, 4]), b: given([], [0]) },
  [1, 0, 0, 4],
  [2, 2],
);
for (const [left, right] of [
  [
    [2, 2],
    [2, 2],
  ],
  [[2], [2, 1]],
  [[], [3, 2, 2]],
]) {
  differentiates(
    `Where: [${left!.join()}] or [${right!.join()}]`,
    (g, { condition, a, b }) => g.op(where, [condition, a, b]),
    { condition, a: floats(left!), b: floats(right!) },
  );
}
