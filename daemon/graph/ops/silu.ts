import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { quickGelu } from './quickGelu.ts';
import { sigmoid } from './sigmoid.ts';

/** x * sigmoid(x). onnxruntime computes it in one pass, as QuickGelu with alpha 1. Gradient: dy * s * (1 + x * (1 - s)), s = sigmoid(x). */
export const silu = defineOperator('Silu', {
  shape: ([x]) => [x as Value],
  gradient: (g, { inputs, outputs, gradients }) => {
    const [x] = inputs as [Value];
    const [y] = outputs as [Value];
    const s = g.op(sigmoid, [x]);
    // s + y * (1 - s) = s + y - y * s
    return [g.mul(gradients[0] as Value, g.sub(g.add(s, y), g.mul(y, s)))];
  },
  lower: (g, node) => [g.op(quickGelu, node.inputs, { alpha: { float: 1 } })],
  cheap: true,
});
