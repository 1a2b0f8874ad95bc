import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast, unbroadcast } from './broadcast.ts';

/** Element-wise product with broadcasting (ONNX Mul-14). Gradient: dy * b, dy * a. */
export const mul = defineOperator('Mul', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
  },
  gradient: (g, { inputs, gradients }) => {
    const [a, b] = inputs as [Value, Value];
    const dy = gradients[0] as Value;
    return [unbroadcast(g, g.mul(dy, b), a.shape), unbroadcast(g, g.mul(dy, a), b.shape)];
  },
  cheap: true,
});
