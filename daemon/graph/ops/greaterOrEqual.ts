import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

/** 1 where a is not less than b (ONNX GreaterOrEqual-16). -> bool. */
export const greaterOrEqual = defineOperator('GreaterOrEqual', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: 'bool', shape: broadcast(a.shape, b.shape) }];
  },
  cheap: true,
});
