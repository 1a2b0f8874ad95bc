import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { Graph } from '../graph.ts';
import { gemm } from './gemm.ts';

const turned = (dims: number[], yes: number): number[] => (yes ? [...dims].reverse() : dims);
computes(
  'Gemm: a product',
  (g, { a, b }) => g.op(gemm, [a, b]),
  { a: given([2, 2], [1, 2, 3, 4]), b: given([2, 1], [5, 6]) },
  [17, 39],
  [2, 1],
);
for (const transA of [0, 1]) {
  for (const transB of [0, 1]) {
    const inputs = { a: floats(turned([2, 3], transA)), b: floats(turned([3, 4], transB)) };
    differentiates(
      `Gemm: transA ${transA}, transB ${transB}`,
      (g, { a, b }) => g.op(gemm, [a, b], { transA, transB }),
      inputs,
    );
  }
}
differentiates('Gemm: a symbolic number of rows', (g, { x, w }) => g.linear(x!, w!), {
  x: floats([5, 3], { shape: ['tokens', 3] }),
  w: floats([2, 3]),
});
differentiates('Gemm: a matrix with itself', (g, { x }) => g.linear(x!, x!), { x: floats([3, 2]) });

test('Gemm: shapes that do not fit are an error that names them', () => {
  const g = new Graph();
  const [a, b] = [g.input('a', 'float32', ['n', 3]), g.input('b', 'float32', [4, 5])];
  assert.throws(() => g.op(gemm, [a, b]), /\[n, 3\] and \[4, 5\] do not multiply/);
  assert.throws(() => g.op(gemm, [a, g.input('c', 'float32', [3])]), /do not multiply/);
});
