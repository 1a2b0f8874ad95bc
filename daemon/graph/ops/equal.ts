import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

/** True where the inputs are equal, with broadcasting (ONNX Equal-13). -> bool. */
export const equal = defineOperator('Equal', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: 'bool', shape: broadcast(a.shape, b.shape) }];
  },
  cheap: true,
});
