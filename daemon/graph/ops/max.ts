import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

/** The larger, element by element (ONNX Max-13). Used for quantisation scales, through which no gradient flows. */
export const max = defineOperator('Max', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
  },
  cheap: true,
});
