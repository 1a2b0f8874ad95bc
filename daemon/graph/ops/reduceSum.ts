import { defineOperator } from '../operator.ts';
import { expandBack, reducedShape } from './reduce.ts';

/** Sum over axes (ONNX ReduceSum-13). Gradient: dy, repeated along the summed axes. */
export const reduceSum = defineOperator('ReduceSum', {
  shape: reducedShape,
  gradient: (g, args) => [expandBack(g, args), undefined],
  cheap: true,
});
