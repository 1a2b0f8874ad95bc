import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/**
 * Rows of x at distinct indices. The inverse makes the gradient a gather too, not a scatter.
 * x: [n, d], indices: [m], inverse: [n] (the place of row i of x in the output, or m if it is not there) -> [m, d].
 */
export const selectRows = defineOperator('SelectRows', {
  shape: (inputs) => {
    const [x, indices] = inputs as [Value, Value, Value];
    return [{ type: x.type, shape: [...indices.shape, ...x.shape.slice(1)] }];
  },
  gradient: (g, { inputs, gradients }) => {
    const [x, , inverse] = inputs as [Value, Value, Value];
    const zero = g.constant(new Float32Array(x.shape[1] as number), [1, x.shape[1] as number]);
    const padded = g.concat([gradients[0], zero], 0);
    return [g.gather(padded, inverse), undefined, undefined];
  },
  lower: (g, node) => [g.gather(node.inputs[0] as Value, node.inputs[1] as Value)],
  cheap: true,
});
