import { defineOperator, number, shapeFrom } from '../operator.ts';
import type { Value } from '../value.ts';

/** Parts of the given sizes along an axis (ONNX Split-18). Gradient: the gradients of the parts, joined. */
export const split = defineOperator('Split', {
  shape: ([x], attributes) => {
    const { type, shape } = x as Value;
    const axis = number(attributes, 'axis', 0);
    return shapeFrom(attributes, '$sizes').map((size) => ({
      type,
      shape: shape.map((dim, i) => (i === axis ? size : dim)),
    }));
  },
  gradient: (g, { outputs, gradients, node }) => {
    const parts = outputs.map((y, i) => gradients[i] ?? g.expand(g.scalar(0), y.shape));
    return [g.concat(parts, number(node.attributes, 'axis', 0)), undefined];
  },
});
