import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** Square root (ONNX Sqrt-13). Gradient: dy / (2 y). */
export const sqrt = defineOperator('Sqrt', {
  shape: ([x]) => [x as Value],
  gradient: (g, { outputs, gradients }) => {
    const dy = gradients[0] as Value;
    const y = outputs[0] as Value;
    return [g.div(dy, g.mul(g.scalar(2), y))];
  },
  cheap: true,
});
