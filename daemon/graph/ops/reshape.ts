import { defineOperator, shapeFrom } from '../operator.ts';
import type { Value } from '../value.ts';

/** The same elements in another shape (ONNX Reshape-14); `$to` is that shape with its symbolic names. Gradient: dy in the input's shape. */
export const reshape = defineOperator('Reshape', {
  shape: ([x], attributes) => [{ type: (x as Value).type, shape: shapeFrom(attributes, '$to') }],
  gradient: (g, { inputs, gradients }) => [g.reshape(gradients[0] as Value, (inputs[0] as Value).shape), undefined],
  cheap: true,
  view: true,
});
