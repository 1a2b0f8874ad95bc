import { defineOperator } from '../operator.ts';
import type { Value } from '../value.ts';

/**
 * Rotary position embedding, halves rotated as Llama does (com.microsoft RotaryEmbedding).
 * x: [batch, heads, length, d], positions: [batch, length], cos and sin: [positions, d / 2].
 * Gradient: the rotation by the opposite angle, so `-sin` comes as fifth input.
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

/** The ONNX form (com.microsoft RotaryEmbedding-1), written only by lowering. */
export const onnxRotaryEmbedding = defineOperator('RotaryEmbedding', {
  domain: 'com.microsoft',
  shape: ([x]) => [x as Value],
  cheap: true,
});
