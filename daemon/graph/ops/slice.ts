import { defineOperator, shapeFrom } from '../operator.ts';
import type { Value } from '../value.ts';

/** The part of x from starts to ends (ONNX Slice-13; both are inputs). `$to` is the resulting shape. It has no gradient rule. */
export const slice = defineOperator('Slice', {
  shape: ([x], attributes) => [{ type: (x as Value).type, shape: shapeFrom(attributes, '$to') }],
  readsLittle: true,
});
