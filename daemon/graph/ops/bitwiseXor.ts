import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

/** Exclusive or of integers (ONNX BitwiseXor-18). */
export const bitwiseXor = defineOperator('BitwiseXor', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
  },
  cheap: true,
});
