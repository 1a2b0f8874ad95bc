import { defineOperator, number } from '../operator.ts';
import type { Value } from '../value.ts';
import { softmax } from './softmax.ts';

/**
 * Scaled dot-product attention with grouped queries: o = p v, p = softmax(scale q k^T + mask).
 * q: [batch, kvHeads, group * length, d] (the queries that share a key-value head are next to each other),
 * k, v: [batch, kvHeads, length, d], mask: [batch, 1, length, length], which is added to the scores.
 * Outputs: o, with the shape of q, and p: [batch, kvHeads, group * length, length].
 * Gradient: softmax needs the row sums of p * dp. They equal the row sums of do * o, which have d terms instead of `length`
 * (arXiv 2205.14135). So the backward pass reads the square matrices only twice and keeps only p.
 */
export const attention = defineOperator('GroupedAttention', {
  shape: (inputs) => {
    const [q, k] = inputs as [Value, Value];
    return [q, { type: 'float32', shape: [...q.shape.slice(0, 3), k.shape[2] ?? 1] }];
  },
  gradient: (g, { inputs, outputs, gradients, node }) => {
    const [q, k, v] = inputs as [Value, Value, Value];
    const [o, p] = outputs as [Value, Value];
    const alpha = number(node.attributes, 'scale', 1);
    const dOut = gradients[0] as Value;
    const dv = g.matmul(p, dOut, { transA: true });
    const dp = g.matmul(dOut, v, { transB: true });
    const dScores = g.mul(p, g.sub(dp, g.reduceSum(g.mul(dOut, o), [3], true)));
    return [g.matmul(dScores, k, { alpha }), g.matmul(dScores, q, { transA: true, alpha }), dv, undefined];
  },
  lower: (g, node) => {
    const [q, k, v, mask] = node.inputs as [Value, Value, Value, Value];
    const p = node.outputs[1] as Value;
    const heads = number(node.attributes, 'heads', 1);
    const [batch, length] = [q.shape[0] ?? 1, k.shape[2] ?? 1];
    const scores = g.matmul(q, k, { transB: true, alpha: number(node.attributes, 'scale', 1) });
    const masked = g.add(g.reshape(scores, [batch, heads, length, length]), mask);
    const probabilities = g.reshape(g.op(softmax, [masked]), p.shape);
    return [g.matmul(probabilities, v), probabilities];
  },
});
