import { ONNX_TYPES } from '../onnx/types.ts';
import { defineOperator, number } from '../operator.ts';
import type { Builder, Inferred, Node, Operator, Shape, Value } from '../value.ts';
import { cast } from './cast.ts';
import { gatherElements } from './gatherElements.ts';
import { gemm } from './gemm.ts';
import { greaterOrEqual } from './greaterOrEqual.ts';
import { identity } from './identity.ts';
import { log } from './log.ts';
import { loop } from './loop.ts';
import { max } from './max.ts';
import { reduceMax } from './reduceMax.ts';
import { reshape } from './reshape.ts';
import { scatterElements } from './scatterElements.ts';
import { slice } from './slice.ts';
import { softmax } from './softmax.ts';

/** The smallest normal float32. Smaller probabilities are raised to it, so that their logarithm is finite. */
const SMALLEST = 1.1754944e-38;

/** How the logits of some rows are computed from the head in float32, or from copies of it. rows: [n, d] -> [n, vocabulary]. */
type LogitsOf = (g: Builder, rows: Value, head: Value, copies: readonly Value[]) => Value;

/**
 * The sum of weight * -log softmax(hidden head^T)[label] over all rows. It is computed in chunks of rows, so that the logits
 * of all rows are never in memory at once.
 * hidden: [n, d], labels: [n] int64, weights: [n], head: [vocabulary, d] in float32. Inputs after these are for `logitsOf`: it
 * computes the logits [rows, vocabulary] of some rows, by default from `head`. n is at most `chunk`, or a multiple of it.
 * Outputs: the loss []; with `mode` 'judge' also the summed weights of the rows whose label is the most likely one []; with 'gradient' or
 * 'head' the gradient for hidden [n, d]; with 'head' also the one for head.
 * The gradient for the logits, softmax - onehot, is never quantised: it has one large entry, and all others would round to zero.
 */
export const crossEntropyWith = (logitsOf: LogitsOf): Operator =>
  defineOperator('CrossEntropy', {
    shape: (inputs, attributes) => {
      const [hidden, , , head] = inputs as [Value, Value, Value, Value];
      const outputs: Inferred[] = [{ type: 'float32', shape: [] }];
      if (attributes['mode'] === 'judge') outputs.push({ type: 'float32', shape: [] });
      else if (attributes['mode'] !== 'loss') outputs.push({ type: 'float32', shape: hidden.shape });
      if (attributes['mode'] === 'head') outputs.push({ type: 'float32', shape: head.shape });
      return outputs;
    },
    gradient: (g, { inputs, outputs, gradients }) => {
      const dy = gradients[0] as Value;
      const scaled = outputs.slice(1).map((gradient) => g.mul(gradient, dy));
      return inputs.map((_, i) => (i === 0 ? scaled[0] : i === 3 ? scaled[1] : undefined));
    },
    lower: (g, node) => {
      const [hidden, labels] = node.inputs as [Value, Value];
      const chunk = number(node.attributes, 'chunk', 256);
      const mode = node.attributes['mode'];
      const head = node.inputs[3] as Value;
      const count = g.sizes(labels, 0, 1);
      const rounds = g.reshape(g.div(g.add(count, g.indices(chunk - 1)), g.indices(chunk)), []);
      const carried = [g.scalar(0)];
      if (mode === 'judge') carried.push(g.scalar(0));
      if (mode === 'head') carried.push(g.expand(g.scalar(0), head.shape));
      const body = g.body(
        [{ type: 'int64', shape: [] }, { type: 'bool', shape: [] }, ...carried],
        (inner, [round, go, ...sums]) => lossOfChunk(inner, node, logitsOf, round as Value, go as Value, sums),
      );
      const results = g.outputsOf(loop, [rounds, undefined, ...carried], { body: { body }, $rounds: 'rounds' });
      const loss = results[0] as Value;
      if (mode === 'loss') return [loss];
      if (mode === 'judge') return [loss, results[1] as Value];
      const stacked = results.at(-1) as Value;
      const dHidden = g.reshape(stacked, hidden.shape);
      return mode === 'head' ? [loss, dHidden, results[1] as Value] : [loss, dHidden];
    },
  });

/** Computes the logits from the head in float32. */
export const crossEntropy = crossEntropyWith((g, rows, head) => g.linear(rows, head));

/** One round of the loop. Adds the loss of its rows to the sums, and returns `go`, the sums and the gradient of its rows. */
function lossOfChunk(
  g: Builder,
  node: Node,
  logitsOf: LogitsOf,
  round: Value,
  go: Value,
  sums: readonly Value[],
): readonly Value[] {
  const [hidden, labels, weights, head, ...copies] = node.inputs as [Value, Value, Value, Value, ...Value[]];
  const mode = node.attributes['mode'];
  const chunk = number(node.attributes, 'chunk', 256);
  const [sum, second] = sums;
  const start = g.reshape(g.mul(round, g.constant(BigInt64Array.of(BigInt(chunk)), [])), [1]);
  const end = g.add(start, g.indices(chunk));
  const part = (x: Value, shape: Shape): Value => g.op(slice, [x, start, end, g.indices(0)], { $to: shape });
  const width = hidden.shape[1] as number;
  const rows = part(hidden, ['rows', width]);
  const label = part(labels, ['rows']);
  const weight = asColumn(g, part(weights, ['rows']));
  const column = asColumn(g, label);
  const p = g.op(softmax, [logitsOf(g, rows, head, copies)]);
  const chosen = g.op(gatherElements, [p, column], { axis: 1 });
  const losses = g.mul(weight, g.op(log, [g.op(max, [chosen, g.scalar(SMALLEST)])]));
  const outputs = [g.op(identity, [go]), g.sub(sum as Value, g.reduceSum(losses, [0, 1]))];
  if (mode === 'judge') {
    const right = g.op(
      cast,
      [g.op(greaterOrEqual, [chosen, g.op(reduceMax, [p, g.indices(1)], { $axes: [1], keepdims: 1 })])],
      {
        to: ONNX_TYPES.float32,
      },
    );
    outputs.push(g.add(second as Value, g.reduceSum(g.mul(weight, right), [0, 1])));
  } else if (mode === 'gradient') {
    // (softmax - onehot) head = softmax head - head[label]: this subtracts rows of the head and needs no pass over the logits.
    outputs.push(g.mul(weight, g.sub(g.op(gemm, [p, head], {}), g.gather(head, label))));
  } else if (mode === 'head') {
    const less = g.op(scatterElements, [p, column, g.sub(chosen, g.scalar(1))], { axis: 1, reduction: 'none' });
    const dLogits = g.mul(less, weight);
    outputs.push(g.add(second as Value, g.op(gemm, [dLogits, rows], { transA: 1 })), g.op(gemm, [dLogits, head], {}));
  }
  return outputs;
}

/** x: [n] -> [n, 1]. */
const asColumn = (g: Builder, x: Value): Value => g.op(reshape, [x, g.indices(-1, 1)], { $to: [...x.shape, 1] });
