import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computes, differentiates, evaluate, floats, given, int64, type Inputs } from '../../../test/gradient.ts';
import { cosine, largestDifference } from '../../../test/logits.ts';
import { int8 } from '../../weights/int8.ts';
import { quantizeColumns, transposed } from '../../weights/quantize.ts';
import { gradients } from '../autodiff.ts';
import type { Graph } from '../graph.ts';
import type { Value } from '../value.ts';
import { crossEntropy } from './crossEntropy.ts';
import { tanh } from './tanh.ts';

const [rows, width, vocabulary, chunk] = [6, 4, 5, 2];
const labels = int64([rows], [0, 4, 2, 2, 1, 3], ['n']);
// The last row is padding; the fourth has half the weight.
const weights = given([rows], [1, 1, 1, 0.5, 1, 0], ['n']);
const inputs: Inputs = {
  hidden: floats([rows, width], { shape: ['n', width] }),
  labels,
  weights,
  head: floats([vocabulary, width]),
};

function loss(
  g: Graph,
  { hidden, labels, weights, head }: Record<string, Value>,
  mode: string,
  operator = crossEntropy,
  copies: Value[] = [],
): Value {
  return g.op(operator, [hidden, labels, weights, head, ...copies], { chunk, mode });
}

/** The loss by its definition, in float64. */
function reference({ hidden, labels, weights, head }: Inputs): number {
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    const logits = Array.from({ length: vocabulary }, (_, v) => {
      let dot = 0;
      for (let i = 0; i < width; i++) dot += Number(hidden!.data[r * width + i]) * Number(head!.data[v * width + i]);
      return dot;
    });
    const total = logits.reduce((a, z) => a + Math.exp(z), 0);
    sum += Number(weights!.data[r]) * (Math.log(total) - logits[Number(labels!.data[r])]!);
  }
  return sum;
}

for (const mode of ['loss', 'judge', 'gradient', 'head']) {
  computes(
    `CrossEntropy: the weighted sum over all chunks, mode ${mode}`,
    (g, values) => loss(g, values, mode),
    inputs,
    [reference(inputs)],
    [],
  );
}
differentiates('CrossEntropy: the gradient of hidden', (g, values) => loss(g, values, 'gradient'), inputs, {
  frozen: ['weights', 'head'],
});
differentiates('CrossEntropy: the gradients of hidden and head', (g, values) => loss(g, values, 'head'), inputs, {
  frozen: ['weights'],
});
differentiates(
  'CrossEntropy: below other operators',
  (g, values) => g.mul(loss(g, { ...values, hidden: g.op(tanh, [values['hidden']]) }, 'head'), g.scalar(3)),
  inputs,
  { frozen: ['weights'] },
);

test('CrossEntropy: a row of weight 0 has neither loss nor gradient, whatever it holds', async () => {
  const run = (last: number) => {
    const hidden = {
      ...inputs['hidden']!,
      data: Float32Array.from(inputs['hidden']!.data as Float32Array).fill(last, -width),
    };
    return evaluate(
      (g, values) => {
        const value = loss(g, values, 'gradient');
        return [value, gradients(g, value, [values['hidden']!]).of[0]!];
      },
      { ...inputs, hidden },
    );
  };
  const [one, other] = [await run(0.5), await run(-7)];
  for (const k of [0, 1]) assert.equal(largestDifference(one[k]!.values, other[k]!.values), 0);
  assert.ok(one[1]!.values.slice(-width).every((v) => v === 0));
  assert.ok(one[1]!.values.slice(0, -width).every((v) => v !== 0));
});

test('CrossEntropy: judging counts the weights of the rows whose label is the most likely one', async () => {
  const judged = await evaluate((g, { hidden, labels, weights, head }) => {
    return [...g.outputsOf(crossEntropy, [hidden, labels, weights, head], { chunk, mode: 'judge' })];
  }, inputs);
  let expected = 0;
  const [states, matrix] = [inputs['hidden']!.data, inputs['head']!.data];
  for (let r = 0; r < rows; r++) {
    const logits = Array.from({ length: vocabulary }, (_, v) => {
      let dot = 0;
      for (let i = 0; i < width; i++) dot += Number(states[r * width + i]) * Number(matrix[v * width + i]);
      return dot;
    });
    if (logits.indexOf(Math.max(...logits)) === Number(labels.data[r])) expected += Number(weights.data[r]);
  }
  assert.ok(Math.abs(judged[0]!.values[0]! - reference(inputs)) < 1e-4);
  assert.equal(judged[1]!.values[0], expected);
  const all = {
    ...inputs,
    hidden: given([rows, 1], [1, 1, 1, 1, 1, 1], ['n', 1]),
    head: given([vocabulary, 1], [0, 0, 9, 0, 0]),
  };
  const two = await evaluate((g, { hidden, labels, weights, head }) => {
    return [...g.outputsOf(crossEntropy, [hidden, labels, weights, head], { chunk, mode: 'judge' })];
  }, all);
  assert.equal(two[1]!.values[0], 1.5); // the two rows with label 2
});

test('CrossEntropy: the loss of a certain answer is zero, that of an impossible one is finite', async () => {
  const sure = {
    ...inputs,
    hidden: given([rows, 1], [1, 1, 1, 1, 1, 1], ['n', 1]),
    head: given([vocabulary, 1], [1000, 0, 0, 0, 0]),
    labels: int64([rows], [0, 0, 0, 0, 0, 0], ['n']),
  };
  assert.equal((await evaluate((g, values) => loss(g, values, 'loss'), sure))[0]!.values[0], 0);
  const never = { ...sure, labels: int64([rows], [1, 1, 1, 1, 1, 1], ['n']) };
  const [value] = (await evaluate((g, values) => loss(g, values, 'loss'), never))[0]!.values;
  assert.ok(value! > 300 && Number.isFinite(value));
});

test('CrossEntropy: an int8 head computes the logits; the gradient still flows through the exact head', async () => {
  const [n, d, v] = [64, 32, 40];
  const head = floats([v, d]);
  const large: Inputs = {
    hidden: floats([n, d]),
    labels: int64(
      [n],
      Array.from({ length: n }, (_, i) => (i * 3) % v),
    ),
    weights: given([n], new Array<number>(n).fill(1)),
    head,
  };
  const { q, scale } = quantizeColumns(transposed(head.data as Float32Array, v, d), d, v);
  const run = (quantised: boolean) =>
    evaluate((g, values) => {
      const value = quantised
        ? loss(g, values, 'gradient', int8.crossEntropy, [g.constant(q, [d, v]), g.constant(scale)])
        : loss(g, values, 'gradient');
      return [value, gradients(g, value, [values['hidden']!]).of[0]!];
    }, large);
  const [exact, rounded] = [await run(false), await run(true)];
  assert.ok(Math.abs(rounded[0]!.values[0]! / exact[0]!.values[0]! - 1) < 0.01);
  assert.ok(cosine(rounded[1]!.values, exact[1]!.values) > 0.999);
  assert.notDeepEqual(rounded[1]!.values, exact[1]!.values);
});
