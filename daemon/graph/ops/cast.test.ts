import { computes, given } from '../../../test/gradient.ts';
import { ONNX_TYPES } from '../onnx/types.ts';
import { cast } from './cast.ts';

computes(
  'Cast: to int64, towards zero',
  (g, { x }) => g.op(cast, [x], { to: ONNX_TYPES.int64 }),
  { x: given([4], [1.7, -1.7, 0, 3]) },
  [1, -1, 0, 3],
);
computes(
  'Cast: to bool',
  (g, { x }) => g.op(cast, [x], { to: ONNX_TYPES.bool }),
  { x: given([3], [0, 2, -1]) },
  [0, 1, 1],
);
