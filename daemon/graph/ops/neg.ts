import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** Negation (ONNX Neg-13). Gradient: -dy. */
export const neg = defineOperator('Neg', {
  shape: ([x]) => [x as Value],
  gradient: (g, { gradients }) => {
    const dy = gradients[0] as Value;
    return [g.op(neg, [dy])];
  },
  cheap: true,
});
