import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** Hyperbolic tangent (ONNX Tanh-13). Gradient: dy * (1 - y^2). */
export const tanh = defineOperator('Tanh', {
  shape: ([x]) => [x as Value],
  gradient: (g, { outputs, gradients }) => {
    const dy = gradients[0] as Value;
    const y = outputs[0] as Value;
    return [g.mul(dy, g.sub(g.scalar(1), g.mul(y, y)))];
  },
  cheap: true,
});
