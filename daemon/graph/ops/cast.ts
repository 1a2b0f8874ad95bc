import { defineOperator, number } from '../operator.ts';
import { elementTypeOf } from '../onnx/types.ts';
import type { Value } from '../value.ts';

/** Another element type (ONNX Cast-13); `to` is ONNX's number of it. No gradient flows through it here. */
export const cast = defineOperator('Cast', {
  shape: ([x], attributes) => [{ type: elementTypeOf(number(attributes, 'to', 1)), shape: (x as Value).shape }],
  cheap: true,
});
