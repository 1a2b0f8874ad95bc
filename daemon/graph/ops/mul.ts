import { binary } from './broadcast.ts';

/** Element-wise product with broadcasting (ONNX Mul-14). Gradient: dy * b, dy * a. */
export const mul = binary(
  'Mul',
  (g, dy, _a, b) => g.mul(dy, b),
  (g, dy, a) => g.mul(dy, a),
);
