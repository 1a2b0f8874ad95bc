import { defineOperator, number } from '../operator.ts';
import type { Value } from '../value.ts';
import { reduceMean } from './reduceMean.ts';

/**
 * Root-mean-square normalisation (arXiv 1910.07467). x: [..., d], weight: [d] -> y: [..., d] and 1 / rms: [..., 1].
 * Gradient, with p = dy * weight and r = 1 / rms: p * r - x * r^3 * mean(p * x) for x, the sum of dy * x * r for the weight.
 */
export const rmsNorm = defineOperator('RmsNorm', {
  shape: ([x]) => [x as Value, { type: 'float32', shape: [...(x as Value).shape.slice(0, -1), 1] }],
  gradient: (g, { inputs, outputs, gradients }) => {
    const [x, weight] = inputs as [Value, Value];
    const inverse = outputs[1] as Value;
    const dy = gradients[0] as Value;
    const axis = x.shape.length - 1;
    const p = g.mul(dy, weight);
    const mean = g.op(reduceMean, [g.mul(p, x), g.indices(axis)], { $axes: [axis], keepdims: 1 });
    const factor = g.mul(g.mul(mean, inverse), g.mul(inverse, inverse));
    const dx = g.sub(g.mul(p, inverse), g.mul(x, factor));
    return [
      dx,
      g.reduceSum(
        g.mul(dy, g.mul(x, inverse)),
        x.shape.slice(0, -1).map((_, i) => i),
      ),
    ];
  },
  lower: (g, node) =>
    g.outputsOf(simplifiedLayerNormalization, node.inputs, {
      axis: -1,
      epsilon: { float: number(node.attributes, 'epsilon', 1e-5) },
    }),
  cheap: true,
});

/** RmsNorm as onnxruntime has it. Only lowering writes it, so it has no gradient. */
export const simplifiedLayerNormalization = defineOperator('SimplifiedLayerNormalization', {
  shape: ([x]) => [x as Value, { type: 'float32', shape: [...(x as Value).shape.slice(0, -1), 1] }],
  cheap: true,
});
