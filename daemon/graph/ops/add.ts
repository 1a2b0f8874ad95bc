import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';
import { broadcast, unbroadcast } from './broadcast.ts';

/** Element-wise sum with broadcasting (ONNX Add-14). Gradient: dy for both inputs. */
export const add = defineOperator('Add', {
  shape: (inputs) => {
    const [a, b] = inputs as [Value, Value];
    return [{ type: a.type, shape: broadcast(a.shape, b.shape) }];
  },
  gradient: (g, { inputs, gradients }) => {
    const [a, b] = inputs as [Value, Value];
    const dy = gradients[0] as Value;
    return [unbroadcast(g, dy, a.shape), unbroadcast(g, dy, b.shape)];
  },
  cheap: true,
});
