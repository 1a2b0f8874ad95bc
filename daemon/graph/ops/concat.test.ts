import { computes, differentiates, floats, given } from '../../../test/gradient.ts';

computes(
  'Concat: columns',
  (g, { a, b }) => g.concat([a, b], 1),
  { a: given([2, 1], [1, 2]), b: given([2, 2], [3, 4, 5, 6]) },
  [1, 3, 4, 2, 5, 6],
  [2, 3],
);
for (const axis of [0, 1, 2]) {
  const dims = (size: number) => [2, 2, 2].map((d, i) => (i === axis ? size : d));
  differentiates(`Concat: three along axis ${axis}`, (g, { a, b, c }) => g.concat([a, b, c], axis), {
    a: floats(dims(1)),
    b: floats(dims(3)),
    c: floats(dims(2)),
  });
}
differentiates('Concat: beside a symbolic size', (g, { a, b }) => g.concat([a, b], 1), {
  a: floats([3, 1], { shape: ['rows', 1] }),
  b: floats([3, 2], { shape: ['rows', 2] }),
});
