import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

/** Element-wise maximum with broadcasting (ONNX Max-13). It has no gradient rule: only quantisation scales and the loss use it. */
export const max = defineOperator('Max', {
  shape: (inputs) => {
    const [first] = inputs as [Value];
    return [{ type: first.type, shape: inputs.map((x) => x.shape).reduce(broadcast) }];
  },
  cheap: true,
});
