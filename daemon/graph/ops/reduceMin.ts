import { defineOperator } from '../operator.ts';
import { reducedShape } from './reduce.ts';

/** Smallest element over axes (ONNX ReduceMin-18). Used for quantisation scales, through which no gradient flows. */
export const reduceMin = defineOperator('ReduceMin', { shape: reducedShape, cheap: true });
