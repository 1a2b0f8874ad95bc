import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

/** Integers shifted by bits (ONNX BitShift-11). */
export const bitShift = defineOperator('BitShift', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
  },
  cheap: true,
});
