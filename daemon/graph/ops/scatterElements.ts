import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** A copy of data in which updates replace the elements at indices, or are added to them (ONNX ScatterElements-18). Only gradients use it. */
export const scatterElements = defineOperator('ScatterElements', { shape: ([data]) => [data as Value] });
