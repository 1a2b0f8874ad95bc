import { defineOperator } from '../operator.ts';
import type { Shape, Value } from '../value.ts';

/** Part of x from starts to ends (ONNX Slice-13, as inputs); `$to` is the resulting shape. Used where no gradient flows. */
export const slice = defineOperator('Slice', {
  shape: ([x], attributes) => [{ type: (x as Value).type, shape: JSON.parse(attributes['$to'] as string) as Shape }],
});
