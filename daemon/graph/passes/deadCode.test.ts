import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph.ts';
import { deadCode, reads } from './deadCode.ts';
import { lower } from './lower.ts';

test('nodes no output needs go, and with them the weights that only they read', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['n', 2]);
  const used = g.one('Exp', [x]);
  g.one('Tanh', [g.linear(used, g.external('unused', 'float32', [2, 2]))]);
  g.output('y', g.one('Neg', [used]));
  const small = deadCode(g);
  assert.deepEqual(
    small.nodes.map(({ type }) => type),
    ['Exp', 'Neg'],
  );
  assert.equal(small.constants.length, 0);
  assert.equal(small.inputs.length, 1, 'inputs stay: they are the interface');
});

test('a node stays if any of its outputs is read', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [3]);
  g.output('y', g.op('Split', [x, g.indices(1, 2)], { axis: 0, $sizes: [1, 2] })[1]!);
  assert.equal(deadCode(g).nodes.length, 1);
});

test('what only the body of a loop reads stays', () => {
  const g = new Graph();
  const hidden = g.one('Tanh', [g.input('hidden', 'float32', ['n', 2])]);
  const head = g.one('Exp', [g.input('head', 'float32', [3, 2])]);
  g.output(
    'loss',
    g.one('CrossEntropy', [hidden, g.input('labels', 'int64', ['n']), g.input('weights', 'float32', ['n']), head], {
      chunk: 2,
      mode: 'loss',
    }),
  );
  const small = deadCode(lower(g));
  const types = small.nodes.map(({ type }) => type);
  assert.ok(types.includes('Exp') && types.includes('Tanh'));
  const loop = small.nodes.find(({ type }) => type === 'Loop')!;
  assert.ok(reads(loop).some(({ node }) => node?.type === 'Exp'));
});
