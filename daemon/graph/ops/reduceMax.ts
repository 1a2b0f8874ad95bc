import { defineOperator } from '../operator.ts';
import { reducedShape } from './reduce.ts';

/** Largest element over axes (ONNX ReduceMax-18). It has no gradient rule: only the scales of quantisation use it. */
export const reduceMax = defineOperator('ReduceMax', { shape: reducedShape, cheap: true });
