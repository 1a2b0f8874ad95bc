import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast, unbroadcast } from './broadcast.ts';

/** a where the condition is true, else b (ONNX Where-16). Gradient: each input gets dy where it was taken, and zero elsewhere. */
export const where = defineOperator('Where', {
  shape: (inputs) => {
    const [condition, a, b] = inputs as [Value, Value, Value];
    return [{ type: a.type, shape: broadcast(condition.shape, broadcast(a.shape, b.shape)) }];
  },
  gradient: (g, { inputs, gradients }) => {
    const [condition, a, b] = inputs as [Value, Value, Value];
    const dy = gradients[0] as Value;
    const zero = g.scalar(0);
    return [
      undefined,
      unbroadcast(g, g.op(where, [condition, dy, zero]), a.shape),
      unbroadcast(g, g.op(where, [condition, zero, dy]), b.shape),
    ];
  },
  cheap: true,
});
