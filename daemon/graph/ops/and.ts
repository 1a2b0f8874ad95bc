import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

/** True where both inputs are true, with broadcasting (ONNX And-7). -> bool. */
export const and = defineOperator('And', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: 'bool', shape: broadcast(a.shape, b.shape) }];
  },
  cheap: true,
});
