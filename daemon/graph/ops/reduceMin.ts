import { defineOperator } from '../operator.ts';
import { reducedShape } from './reduce.ts';

/** Smallest element over axes (ONNX ReduceMin-18). It has no gradient rule: only the scales of quantisation use it. */
export const reduceMin = defineOperator('ReduceMin', { shape: reducedShape, cheap: true });
