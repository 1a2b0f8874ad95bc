import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differentiates, floats } from '../../test/gradient.ts';
import { gradients } from './autodiff.ts';
import { Graph } from './graph.ts';
import { exp } from './ops/exp.ts';
import { gemm } from './ops/gemm.ts';
import { max } from './ops/max.ts';
import { silu } from './ops/silu.ts';
import { tanh } from './ops/tanh.ts';
import { deadCode } from './passes/deadCode.ts';

differentiates(
  'a value used many times gets the sum of its gradients',
  (g, { x, w }) => {
    const h = g.op(tanh, [g.linear(x!, w!)]);
    return g.add(g.mul(h, h), g.add(g.linear(h, w!), x!));
  },
  { x: floats([3, 2]), w: floats([2, 2]) },
);
differentiates(
  'a chain of layers',
  (g, { x, w }) => {
    let y = x!;
    for (let i = 0; i < 4; i++) y = g.add(y, g.op(silu, [g.linear(y, w!)]));
    return y;
  },
  { x: floats([2, 3]), w: floats([3, 3]) },
);

test('a value that the loss does not depend on has no gradient, and nothing is computed for it', () => {
  const g = new Graph();
  const [x, other] = [g.input('x', 'float32', [3]), g.input('other', 'float32', [3])];
  const loss = g.reduceSum(g.mul(x, x), [0]);
  g.mul(other, x);
  const { of } = gradients(g, loss, [x, other]);
  assert.deepEqual(of[0]?.shape, [3]);
  assert.equal(of[1], undefined);
});

test('only nodes between the loss and the values that are asked for are differentiated', () => {
  const g = new Graph();
  const [x, w] = [g.input('x', 'float32', ['n', 3]), g.input('w', 'float32', [3, 3])];
  const loss = g.reduceSum(g.linear(g.op(exp, [x]), w), [0, 1]);
  const before = g.nodes.length;
  g.output('dw', gradients(g, loss, [w]).of[0]!);
  assert.ok(g.nodes.slice(before).every((node) => node.backward));
  const { nodes } = deadCode(g);
  assert.equal(nodes.filter(({ operator }) => operator === gemm).length, 1, 'no gradient for x');
});

test('an operator without a gradient is an error that names it', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [3]);
  assert.throws(() => gradients(g, g.reduceSum(g.op(max, [x, g.scalar(0)]), [0]), [x]), /operator Max has no gradient/);
});

test('each segment has the gradient that enters it', () => {
  const g = new Graph();
  let x = g.input('x', 'float32', ['n', 2]);
  const start = x;
  for (g.segment = 0; g.segment < 3; g.segment++) x = g.op(exp, [g.op(tanh, [x])]);
  g.segment = undefined;
  const { entry } = gradients(g, g.reduceSum(x, [0, 1]), [start]);
  assert.deepEqual([...entry.keys()].sort(), [0, 1, 2]);
  assert.equal(g.segment, undefined);
  assert.equal(g.backward, false);
});
