import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computes, differentiates, floats, given } from '../../../test/gradient.ts';
import { Graph } from '../graph.ts';

const turned = ([rows, columns]: [number, number], yes: boolean): number[] => (yes ? [columns, rows] : [rows, columns]);
computes(
  'FusedMatMul: scaled',
  (g, { a, b }) => g.matmul(a!, b!, { alpha: 0.5 }),
  { a: given([1, 1, 2], [1, 2]), b: given([1, 2, 1], [3, 4]) },
  [5.5],
  [1, 1, 1],
);
for (const transA of [false, true]) {
  for (const transB of [false, true]) {
    for (const alpha of [1, 0.25]) {
      const inputs = { a: floats([2, ...turned([2, 3], transA)]), b: floats([2, ...turned([3, 2], transB)]) };
      differentiates(
        `FusedMatMul: transA ${transA}, transB ${transB}, alpha ${alpha}`,
        (g, { a, b }) => g.matmul(a!, b!, { transA, transB, alpha }),
        inputs,
      );
    }
  }
}
differentiates('FusedMatMul: the leading axes broadcast', (g, { a, b }) => g.matmul(a!, b!, { transB: true }), {
  a: floats([2, 3, 2, 2]),
  b: floats([2, 1, 3, 2]),
});
differentiates('FusedMatMul: symbolic lengths', (g, { q, k }) => g.matmul(q!, k!, { transB: true, alpha: 0.5 }), {
  q: floats([1, 2, 3, 2], { shape: ['batch', 2, 'length', 2] }),
  k: floats([1, 2, 3, 2], { shape: ['batch', 2, 'length', 2] }),
});

test('FusedMatMul: shapes that do not fit are an error that names them', () => {
  const g = new Graph();
  assert.throws(
    () => g.matmul(g.input('a', 'float32', [2, 3]), g.input('b', 'float32', [2, 3])),
    /\[2, 3\] and \[2, 3\] do not multiply/,
  );
});
