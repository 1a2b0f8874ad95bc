import { defineOperator, shapeFrom } from '../operator.ts';
import type { Value } from '../value.ts';
import { unbroadcast } from './broadcast.ts';

/** Broadcasts to a shape (ONNX Expand-13); `$to` is that shape with its symbolic names. Gradient: dy, summed over the repeated axes. */
export const expand = defineOperator('Expand', {
  shape: ([x], attributes) => [{ type: (x as Value).type, shape: shapeFrom(attributes, '$to') }],
  gradient: (g, { inputs, gradients }) => [
    unbroadcast(g, gradients[0] as Value, (inputs[0] as Value).shape),
    undefined,
  ],
  cheap: true,
});
