import { defineOperator, shapeFrom } from '../operator.ts';
import type { Value } from '../value.ts';

/** Part of x from starts to ends (ONNX Slice-13, as inputs); `$to` is the resulting shape. Used where no gradient flows. */
export const slice = defineOperator('Slice', {
  shape: ([x], attributes) => [{ type: (x as Value).type, shape: shapeFrom(attributes, '$to') }],
  readsLittle: true,
});
