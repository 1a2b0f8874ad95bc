import { computes, differentiates, floats, given } from '../../../test/gradient.ts';

const b = (dims: number[], shape?: (number | string)[]) =>
  floats(dims, { from: 0.5, to: 2, ...(shape ? { shape } : {}) });

computes(
  'Div: element by element',
  (g, { a, b }) => g.div(a!, b!),
  { a: given([3], [1, 2, 3]), b: given([3], [4, 5, 6]) },
  [0.25, 0.4, 0.5],
  [3],
);
for (const [left, right] of [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [[2, 3], []],
  [[1], [2, 2]],
] as const) {
  differentiates(`Div: [${left.join()}] and [${right.join()}]`, (g, { a, b }) => g.div(a!, b!), {
    a: floats([...left]),
    b: b([...right]),
  });
}
differentiates('Div: a value with itself', (g, { a }) => g.div(a!, a!), { a: b([2, 2]) });
differentiates('Div: symbolic sizes', (g, { a, b }) => g.div(a!, b!), {
  a: floats([3, 2], { shape: ['rows', 2] }),
  b: b([3, 1], ['rows', 1]),
});
