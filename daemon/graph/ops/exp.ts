import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** Exponential (ONNX Exp-13). Gradient: dy * y. */
export const exp = defineOperator('Exp', {
  shape: ([x]) => [x as Value],
  gradient: (g, { outputs, gradients }) => {
    const dy = gradients[0] as Value;
    const y = outputs[0] as Value;
    return [g.mul(dy, y)];
  },
  cheap: true,
});
