import { computes, differentiates, floats, given } from '../../../test/gradient.ts';

computes(
  'Transpose: a matrix',
  (g, { x }) => g.transpose(x!, [1, 0]),
  { x: given([2, 3], [1, 2, 3, 4, 5, 6]) },
  [1, 4, 2, 5, 3, 6],
  [3, 2],
);
for (const perm of [
  [0, 2, 1, 3],
  [3, 0, 1, 2],
  [1, 2, 3, 0],
]) {
  differentiates(`Transpose: ${perm.join()}`, (g, { x }) => g.transpose(x!, perm), {
    x: floats([1, 2, 3, 2], { shape: ['batch', 2, 'length', 2] }),
  });
}
