import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/**
 * Attention of all heads, which stand side by side in each token (ONNX Attention-24). q: [batch, length, q_num_heads * d], k and v: [batch,
 * positions, kv_num_heads * d], mask: [batch, 1, length, positions], which is added to the scores -> [batch, length, q_num_heads * d].
 * onnxruntime computes each head in one thread, so the bits do not depend on the number of threads. It has no gradient rule.
 */
export const headAttention = defineOperator('Attention', {
  opset: 24,
  shape: ([q]) => [q as Value],
});
