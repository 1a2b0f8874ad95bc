import { defineOperator, number, productOf } from '../operator.ts';
import type { Dim, Value } from '../value.ts';
import { broadcast, unbroadcast } from './broadcast.ts';

/**
 * alpha * op(a) op(b) over the last two axes, with the others broadcast (com.microsoft FusedMatMul).
 * a: [..., m, k], b: [..., k, n] -> [..., m, n]. Gradient: the product of dy with the other factor.
 */
export const fusedMatMul = defineOperator('FusedMatMul', {
  domain: 'com.microsoft',
  shape: (inputs, attributes) => {
    const [a, b] = inputs as [Value, Value];
    const [m, k] = last(a, number(attributes, 'transA', 0));
    const [l, n] = last(b, number(attributes, 'transB', 0));
    if (k !== l) throw new Error(`FusedMatMul: [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not multiply`);
    return [{ type: a.type, shape: [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n] }];
  },
  gradient: (g, { inputs, gradients, node }) => {
    const [a, b] = inputs as [Value, Value];
    const dy = gradients[0] as Value;
    const transA = Boolean(number(node.attributes, 'transA', 0));
    const transB = Boolean(number(node.attributes, 'transB', 0));
    const alpha = number(node.attributes, 'alpha', 1);
    const da = transA
      ? g.matmul(b, dy, { transA: transB, transB: true, alpha })
      : g.matmul(dy, b, { transB: !transB, alpha });
    const db = transB
      ? g.matmul(dy, a, { transA: true, transB: transA, alpha })
      : g.matmul(a, dy, { transA: !transA, alpha });
    return [unbroadcast(g, da, a.shape), unbroadcast(g, db, b.shape)];
  },
  product: (node) =>
    productOf(node, 'float32', node.inputs[0]?.shape.at(number(node.attributes, 'transA', 0) ? -2 : -1)),
});

function last(x: Value, transposed: number): [Dim, Dim] {
  const [rows, columns] = x.shape.slice(-2) as [Dim, Dim];
  return transposed ? [columns, rows] : [rows, columns];
}
