import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/** Absolute value (ONNX Abs-13). It has no gradient rule: only the scales of quantisation use it. */
export const abs = defineOperator('Abs', { shape: ([x]) => [x as Value], cheap: true });
