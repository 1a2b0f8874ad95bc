import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast, unbroadcast } from './broadcast.ts';
import { neg } from './neg.ts';

/** Element-wise difference with broadcasting (ONNX Sub-14). Gradient: dy, -dy. */
export const sub = defineOperator('Sub', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
  },
  gradient: (g, { inputs, gradients }) => {
    const [a, b] = inputs as [Value, Value];
    const dy = gradients[0] as Value;
    return [unbroadcast(g, dy, a.shape), unbroadcast(g, g.op(neg, [dy]), b.shape)];
  },
  cheap: true,
});
