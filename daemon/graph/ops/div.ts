import { binary } from './broadcast.ts';
import { neg } from './neg.ts';

/** Element-wise quotient with broadcasting (ONNX Div-14). Gradient: dy / b, -dy * a / b^2. */
export const div = binary(
  'Div',
  (g, dy, _a, b) => g.div(dy, b),
  (g, dy, a, b) => g.op(neg, [g.div(g.mul(dy, a), g.mul(b, b))]),
);
