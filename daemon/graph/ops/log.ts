import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** Natural logarithm (ONNX Log-13). Gradient: dy / x. */
export const log = defineOperator('Log', {
  shape: ([x]) => [x as Value],
  gradient: (g, { inputs, gradients }) => {
    const dy = gradients[0] as Value;
    const x = inputs[0] as Value;
    return [g.div(dy, x)];
  },
  cheap: true,
});
