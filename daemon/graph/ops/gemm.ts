import { defineOperator, number, productOf } from '../operator.ts';
import type { Value } from '../value.ts';

/**
 * op(a) op(b), where op transposes the matrix if `transA` or `transB` is 1 (ONNX Gemm-13 with alpha 1 and without c).
 * Gradient: the product of dy with the other factor.
 */
export const gemm = defineOperator('Gemm', {
  shape: (inputs, attributes) => {
    const [a, b] = inputs as [Value, Value];
    const [m, k] = number(attributes, 'transA', 0) ? [a.shape[1], a.shape[0]] : [a.shape[0], a.shape[1]];
    const [l, n] = number(attributes, 'transB', 0) ? [b.shape[1], b.shape[0]] : [b.shape[0], b.shape[1]];
    if (a.shape.length !== 2 || b.shape.length !== 2 || k !== l || m === undefined || n === undefined) {
      throw new Error(`Gemm: [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not multiply`);
    }
    return [{ type: a.type, shape: [m, n] }];
  },
  gradient: (g, { inputs, gradients, node }) => {
    const [a, b] = inputs as [Value, Value];
    const dy = gradients[0] as Value;
    const transA = number(node.attributes, 'transA', 0);
    const transB = number(node.attributes, 'transB', 0);
    return [
      transA
        ? g.op(gemm, [b, dy], { transA: transB, transB: 1 })
        : g.op(gemm, [dy, b], { transA: 0, transB: 1 - transB }),
      transB
        ? g.op(gemm, [dy, a], { transA: 1, transB: transA })
        : g.op(gemm, [a, dy], { transA: 1 - transA, transB: 0 }),
    ];
  },
  product: (node) =>
    productOf(node, 'float32', node.inputs[0]?.shape.at(number(node.attributes, 'transA', 0) ? -2 : -1)),
});
