import type { Builder, Value } from '../daemon/graph/value.ts';
import { computes, differentiates, floats, given } from './gradient.ts';

const SHAPES: readonly (readonly [readonly number[], readonly number[]])[] = [
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
];

/** Tests an element-wise operator of two inputs: its values for [1, 2, 3] and [4, 5, 6], and its gradients in every kind of broadcasting. */
export function testBinary(name: string, build: (g: Builder, a: Value, b: Value) => Value, expected: number[]): void {
  const b = (dims: readonly number[], shape?: (number | string)[]) =>
    floats([...dims], { from: 0.5, to: 2, ...(shape ? { shape } : {}) });
  const numbers = { a: given([3], [1, 2, 3]), b: given([3], [4, 5, 6]) };
  computes(`${name}: element by element`, (g, { a, b }) => build(g, a!, b!), numbers, expected, [3]);
  for (const [left, right] of SHAPES) {
    differentiates(`${name}: [${left.join()}] and [${right.join()}]`, (g, { a, b }) => build(g, a!, b!), {
      a: floats([...left]),
      b: b(right),
    });
  }
  differentiates(`${name}: a value with itself`, (g, { a }) => build(g, a!, a!), { a: b([2, 2]) });
  differentiates(`${name}: symbolic sizes`, (g, { a, b }) => build(g, a!, b!), {
    a: floats([3, 2], { shape: ['rows', 2] }),
    b: b([3, 1], ['rows', 1]),
  });
}
