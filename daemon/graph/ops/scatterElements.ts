import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** A copy of data with updates put (or added) at indices (ONNX ScatterElements-18). Appears only in gradients. */
export const scatterElements = defineOperator('ScatterElements', { shape: ([data]) => [data as Value] });
