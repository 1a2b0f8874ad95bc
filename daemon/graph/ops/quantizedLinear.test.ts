import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computes, evaluate, floats, given, type Input } from '../../../test/gradient.ts';
import { cosine } from '../../../test/logits.ts';
import { quantizeColumns, transposed } from '../../weights/quantize.ts';
import { gradients } from '../autodiff.ts';
import { Graph } from '../graph.ts';
import type { Value } from '../value.ts';
import { quantizedLinear } from './quantizedLinear.ts';

const [n, dIn, dOut] = [5, 16, 12];
const w = floats([dOut, dIn]).data as Float32Array;
const forward = quantizeColumns(transposed(w, dOut, dIn), dIn, dOut);
const backward = quantizeColumns(w, dOut, dIn);
const linear = (g: Graph, x: Value): Value =>
  g.op(quantizedLinear, [
    x,
    g.constant(forward.q, [dIn, dOut]),
    g.constant(forward.scale),
    g.constant(backward.q, [dOut, dIn]),
    g.constant(backward.scale),
  ]);

const evenRound = (v: number): number => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v));
/** The same arithmetic in JavaScript: scales each row to -127..127 by its largest value, multiplies integers, scales back. */
function reference({ data }: Input): number[] {
  const x = data as Float32Array;
  return Array.from({ length: n * dOut }, (_, i) => {
    const [r, c] = [Math.floor(i / dOut), i % dOut];
    const row = x.subarray(r * dIn, (r + 1) * dIn);
    const largest = Math.max(...row.map(Math.abs), 1e-20);
    let sum = 0;
    row.forEach((v, k) => (sum += evenRound(Math.fround(v / largest) * 127) * forward.q[k * dOut + c]!));
    return (sum * forward.scale[c]! * largest) / 127;
  });
}

const x = floats([n, dIn], { shape: ['tokens', dIn] });
computes('QuantizedLinear: the integer arithmetic, row by row', (g, { x }) => linear(g, x!), { x }, reference(x), [
  n,
  dOut,
]);

test('QuantizedLinear: a row is computed as if it were alone, however large its neighbours are', async () => {
  const alone = { ...x, dims: [1, dIn], data: (x.data as Float32Array).slice(0, dIn) };
  const loud = { ...x, data: (x.data as Float32Array).map((v, i) => (i < dIn ? v : v * 1000)) };
  const [one] = await evaluate((g, { x }) => linear(g, x!), { x: alone });
  const [all] = await evaluate((g, { x }) => linear(g, x!), { x: loud });
  assert.deepEqual(all!.values.slice(0, dOut), one!.values);
});

test('QuantizedLinear: a row of zeros gives zeros', async () => {
  const [zero] = await evaluate((g, { x }) => linear(g, x!), { x: given([1, dIn], new Array<number>(dIn).fill(0)) });
  assert.ok(zero!.values.every((v) => v === 0));
});

test('QuantizedLinear: output and gradient are close to the exact product', async () => {
  const dy = floats([n, dOut], { shape: ['tokens', dOut] });
  const run = (product: (g: Graph, x: Value) => Value) =>
    evaluate(
      (g, { x, dy }) => {
        const y = product(g, x!);
        return [y, gradients(g, g.reduceSum(g.mul(y, dy!), [0, 1]), [x!]).of[0]!];
      },
      { x, dy },
    );
  const exact = await run((g, x) => g.linear(x, g.constant(w, [dOut, dIn])));
  const int8 = await run(linear);
  for (const k of [0, 1]) {
    assert.deepEqual(int8[k]!.dims, exact[k]!.dims);
    assert.ok(cosine(int8[k]!.values, exact[k]!.values) > 0.9995);
    assert.notDeepEqual(int8[k]!.values, exact[k]!.values);
  }
});

test('QuantizedLinear: shapes that do not fit are an error that names them', () => {
  const g = new Graph();
  assert.throws(
    () => linear(g, g.input('x', 'float32', ['tokens', dIn + 1])),
    /\[tokens, 17\] and \[16, 12\] do not multiply/,
  );
});
