import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

/** True where a >= b, with broadcasting (ONNX GreaterOrEqual-16). -> bool. */
export const greaterOrEqual = defineOperator('GreaterOrEqual', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: 'bool', shape: broadcast(a.shape, b.shape) }];
  },
  cheap: true,
});
