import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** One element per index along an axis (ONNX GatherElements-13). Only the loss uses it, which has its own gradient. */
export const gatherElements = defineOperator('GatherElements', {
  shape: (inputs) => {
    const [data, indices] = inputs as [Value, Value];
    return [{ type: data.type, shape: indices.shape }];
  },
});
