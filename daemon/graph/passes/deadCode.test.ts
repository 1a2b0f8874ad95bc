import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph.ts';
import { crossEntropy } from '../ops/crossEntropy.ts';
import { exp } from '../ops/exp.ts';
import { loop } from '../ops/loop.ts';
import { neg } from '../ops/neg.ts';
import { tanh } from '../ops/tanh.ts';
import { deadCode, reads } from './deadCode.ts';
import { lower } from './lower.ts';

test('nodes that no output needs are dropped, and with them the weights that only they read', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['n', 2]);
  const used = g.op(exp, [x]);
  g.op(tanh, [g.linear(used, g.external('unused', 'float32', [2, 2]))]);
  g.output('y', g.op(neg, [used]));
  const small = deadCode(g);
  assert.deepEqual(
    small.nodes.map(({ operator }) => operator),
    [exp, neg],
  );
  assert.equal(small.constants.length, 0);
  assert.equal(small.inputs.length, 1, 'inputs stay: they are the interface');
});

test('a node stays if any of its outputs is read', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [3]);
  g.output('y', g.split(x, [1, 2], 0)[1]!);
  assert.equal(deadCode(g).nodes.length, 1);
});

test('nodes that only the body of a loop reads stay', () => {
  const g = new Graph();
  const hidden = g.op(tanh, [g.input('hidden', 'float32', ['n', 2])]);
  const head = g.op(exp, [g.input('head', 'float32', [3, 2])]);
  g.output(
    'loss',
    g.op(crossEntropy, [hidden, g.input('labels', 'int64', ['n']), g.input('weights', 'float32', ['n']), head], {
      chunk: 2,
      mode: 'loss',
    }),
  );
  const small = deadCode(lower(g));
  const operators = small.nodes.map(({ operator }) => operator);
  assert.ok(operators.includes(exp) && operators.includes(tanh));
  const node = small.nodes.find(({ operator }) => operator === loop)!;
  assert.ok(reads(node).some(({ node }) => node?.operator === exp));
});
