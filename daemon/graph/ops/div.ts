import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast, unbroadcast } from './broadcast.ts';
import { neg } from './neg.ts';

/** Element-wise quotient with broadcasting (ONNX Div-14). Gradient: dy / b, -dy * a / b^2. */
export const div = defineOperator('Div', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
  },
  gradient: (g, { inputs, gradients }) => {
    const [a, b] = inputs as [Value, Value];
    const dy = gradients[0] as Value;
    return [
      unbroadcast(g, g.div(dy, b), a.shape),
      unbroadcast(g, g.op(neg, [g.div(g.mul(dy, a), g.mul(b, b))]), b.shape),
    ];
  },
  cheap: true,
});
