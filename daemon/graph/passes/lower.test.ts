import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph.ts';
import { OPERATORS } from '../ops/registry.ts';
import type { Node, Subgraph } from '../value.ts';
import { lower } from './lower.ts';

const unknown = new Set(OPERATORS.filter((op) => op.lower).map(({ type }) => type));

/** Every node, those in the bodies of loops included. */
function all(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [
    node,
    ...Object.values(node.attributes).flatMap((a) =>
      typeof a === 'object' && 'body' in a ? all((a as { body: Subgraph }).body.nodes) : [],
    ),
  ]);
}

test('nothing that ONNX lacks is left, in the bodies of loops either', () => {
  const g = new Graph();
  const x = g.one('Silu', [g.input('x', 'float32', ['n', 4])]);
  const norm = g.one('RmsNorm', [x, g.external('w', 'float32', [4])], { epsilon: { float: 1e-5 } });
  const int8 = [g.external('q', 'int8', [4, 6]), g.external('s', 'float32', [6])];
  const loss = g.one(
    'CrossEntropy',
    [
      norm,
      g.input('labels', 'int64', ['n']),
      g.input('weights', 'float32', ['n']),
      g.external('head', 'float32', [6, 4]),
      ...int8,
    ],
    { chunk: 2, mode: 'gradient' },
  );
  g.output('loss', loss);
  assert.ok(unknown.size > 4);
  assert.ok(all(g.nodes).some(({ type }) => unknown.has(type)));
  const lowered = lower(g);
  assert.deepEqual(
    all(lowered.nodes).filter(({ type }) => unknown.has(type)),
    [],
  );
  const loop = lowered.nodes.find(({ type }) => type === 'Loop')!;
  assert.ok(
    all([loop]).some(({ type }) => type === 'MatMulIntegerToFloat'),
    'the int8 head inside the loop',
  );
});

test('what two products of one input share is computed once: its quantised rows', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['n', 4]);
  for (const name of ['q', 'k', 'v']) {
    const copies = [g.external(`${name} forward`, 'int8', [4, 6]), g.external(`${name} scale`, 'float32', [6])];
    g.output(name, g.one('QuantizedLinear', [x, ...copies, ...copies]));
  }
  const types = lower(g).nodes.map(({ type }) => type);
  assert.equal(types.filter((type) => type === 'QuantizeLinear').length, 1);
  assert.equal(types.filter((type) => type === 'MatMulIntegerToFloat').length, 3);
});

test('a graph of ONNX operators alone is left as it is', () => {
  const g = new Graph();
  g.output('y', g.one('Exp', [g.input('x', 'float32', [1])]));
  assert.equal(lower(g), g);
});
