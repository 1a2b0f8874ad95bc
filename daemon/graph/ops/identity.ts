import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** x itself (ONNX Identity-16). Gradient: dy. */
export const identity = defineOperator('Identity', {
  shape: ([x]) => [x as Value],
  gradient: (_, { gradients }) => [gradients[0]],
  cheap: true,
  view: true,
});
