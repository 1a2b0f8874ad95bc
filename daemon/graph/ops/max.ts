import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

/** The largest, element by element (ONNX Max-13). Used for quantisation scales, through which no gradient flows. */
export const max = defineOperator('Max', {
  shape: (inputs) => {
    const [first] = inputs as [Value];
    return [{ type: first.type, shape: inputs.map((x) => x.shape).reduce(broadcast) }];
  },
  cheap: true,
});
