import { computes, type Input } from '../../../test/gradient.ts';

const uint32 = (values: number[]): Input => ({
  type: 'uint32',
  dims: [values.length],
  shape: [values.length],
  data: Uint32Array.from(values),
});
for (const [direction, expected] of [
  ['LEFT', [2, 8, 0]],
  ['RIGHT', [0, 0, 2 ** 30]],
] as const) {
  computes(
    `BitShift: ${direction}`,
    (g, { a, b }) => g.one('BitShift', [a, b], { direction }),
    { a: uint32([1, 2, 2 ** 31]), b: uint32([1, 2, 1]) },
    expected,
  );
}
