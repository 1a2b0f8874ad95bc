import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** Softmax over the last axis (ONNX Softmax-13). x: [..., n] -> y: [..., n]. Gradient: y * (dy - sum(dy * y)). */
export const softmax = defineOperator('Softmax', {
  shape: ([x]) => [x as Value],
  gradient: (g, { outputs, gradients }) => {
    const [y] = outputs as [Value];
    const dy = gradients[0] as Value;
    return [g.mul(y, g.sub(dy, g.reduceSum(g.mul(dy, y), [y.shape.length - 1], true)))];
  },
  cheap: true,
});
