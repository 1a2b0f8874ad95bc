import { defineOperator, productOf } from '../operator.ts';
import type { Builder, Value } from '../value.ts';
import { abs } from './abs.ts';
import { expand } from './expand.ts';
import { reduceMax } from './reduceMax.ts';
import { reshape } from './reshape.ts';

/** Rows of x as uint8 around 128, with one scale per row: x = scale * (q - 128). All products of one input share them. */
function quantizeRows(g: Builder, x: Value): { q: Value; scale: Value } {
  const rows = x.shape.slice(0, 1);
  const largest = g.op(reduceMax, [g.op(abs, [x]), g.indices(1)], { $axes: [1], keepdims: 0 });
  // A row of zeros has the scale 0. Whatever its quotients round to, its products are multiplied by 0 in the end.
  const scale = g.mul(largest, g.scalar(1 / 127));
  const zero = g.constant(Uint8Array.of(128), []);
  return {
    q: g.op(quantizeLinear, [x, scale, g.op(expand, [zero, g.sizeOf(x, 0)], { $to: rows })], { axis: 0 }),
    scale: g.op(reshape, [scale, g.indices(-1, 1)], { $to: [...rows, 1] }),
  };
}

/**
 * y = x W^T with W in int8. Each row of x is quantised when the product runs. The gradient dx = dy W is computed in the same way
 * with a second copy of W, which is quantised along its other axis.
 * x: [n, in], forward weights [in, out] with scales [out], backward weights [out, in] with scales [in] -> [n, out].
 * Gradient: the same operator with the two copies exchanged.
 */
export const quantizedLinear = defineOperator('QuantizedLinear', {
  shape: (inputs) => {
    const [x, forward] = inputs as [Value, Value];
    if (x.shape[1] !== forward.shape[0])
      throw new Error(`QuantizedLinear: [${x.shape.join(', ')}] and [${forward.shape.join(', ')}] do not multiply`);
    return [{ type: 'float32', shape: [x.shape[0] ?? 1, forward.shape[1] ?? 1] }];
  },
  gradient: (g, { inputs, gradients }) => {
    const [, forward, forwardScale, backward, backwardScale] = inputs as [Value, Value, Value, Value, Value];
    const dx = g.op(quantizedLinear, [gradients[0], backward, backwardScale, forward, forwardScale]);
    return [dx, undefined, undefined, undefined, undefined];
  },
  lower: (g, node) => {
    const [x, weight, scale] = node.inputs as [Value, Value, Value];
    const { q, scale: rows } = quantizeRows(g, x);
    const y = g.op(matMulIntegerToFloat, [q, weight, g.scalar(1), scale, g.constant(Uint8Array.of(128), [])]);
    return [g.mul(y, rows)];
  },
});

/** uint8 times int8 to float32 (com.microsoft MatMulIntegerToFloat-1). Only lowering writes it, so it has no gradient. */
export const matMulIntegerToFloat = defineOperator('MatMulIntegerToFloat', {
  domain: 'com.microsoft',
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: 'float32', shape: [a.shape[0] ?? 1, b.shape[1] ?? 1] }];
  },
  product: (node) => productOf(node, 'int8', node.inputs[0]?.shape[1]),
});

/** round(x / scale) + zero point (ONNX QuantizeLinear-13). Only lowering writes it, so it has no gradient. */
export const quantizeLinear = defineOperator('QuantizeLinear', {
  shape: ([x]) => [{ type: 'uint8', shape: (x as Value).shape }],
});
