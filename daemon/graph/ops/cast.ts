import { defineOperator, number } from '../operator.ts';
import { elementTypeOf } from '../onnx/types.ts';
import type { Value } from '../value.ts';

/** Converts to another element type (ONNX Cast-13); `to` is ONNX's number for it. It has no gradient rule. */
export const cast = defineOperator('Cast', {
  shape: ([x], attributes) => [{ type: elementTypeOf(number(attributes, 'to', 1)), shape: (x as Value).shape }],
  cheap: true,
});
