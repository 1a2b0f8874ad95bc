import { defineOperator } from '../operator.ts';
import { reducedShape } from './reduce.ts';

/** Largest element over axes (ONNX ReduceMax-18). Used for quantisation scales, through which no gradient flows. */
export const reduceMax = defineOperator('ReduceMax', { shape: reducedShape, cheap: true });
