import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** Logistic function (ONNX Sigmoid-13). Gradient: dy * y * (1 - y). */
export const sigmoid = defineOperator('Sigmoid', {
  shape: ([x]) => [x as Value],
  gradient: (g, { outputs, gradients }) => {
    const dy = gradients[0] as Value;
    const y = outputs[0] as Value;
    return [g.mul(dy, g.mul(y, g.sub(g.scalar(1), y)))];
  },
  cheap: true,
});
