import { binary } from './broadcast.ts';
import { neg } from './neg.ts';

/** Element-wise difference with broadcasting (ONNX Sub-14). Gradient: dy, -dy. */
export const sub = binary(
  'Sub',
  (_g, dy) => dy,
  (g, dy) => g.op(neg, [dy]),
);
