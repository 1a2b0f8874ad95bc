import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/**
 * Rotary position embedding that pairs element i with element i + d / 2, as Llama does (com.microsoft RotaryEmbedding).
 * x: [batch, heads, length, d] or [batch, length, heads * d], positions: [batch, length], cos and sin: [positions, d / 2].
 * Gradient: the rotation by the opposite angle. It needs -sin, which is the fifth input.
 */
export const rotaryEmbedding = defineOperator('Rotary', {
  shape: ([x]) => [x as Value],
  gradient: (g, { inputs, gradients }) => {
    const [, positions, cos, sin, minusSin] = inputs as [Value, Value, Value, Value, Value];
    return [
      g.op(rotaryEmbedding, [gradients[0], positions, cos, minusSin, sin]),
      undefined,
      undefined,
      undefined,
      undefined,
    ];
  },
  lower: (g, node) => [g.op(onnxRotaryEmbedding, node.inputs.slice(0, 4))],
  cheap: true,
});

/** Rotary as onnxruntime has it (com.microsoft RotaryEmbedding-1). Only lowering writes it, so it has no gradient. */
export const onnxRotaryEmbedding = defineOperator('RotaryEmbedding', {
  domain: 'com.microsoft',
  shape: ([x]) => [x as Value],
  cheap: true,
});
