import assert from 'node:assert/strict';
import { test } from 'node:test';
import { int8 } from '../../weights/int8.ts';
import { Graph } from '../graph.ts';
import { OPERATORS } from '../ops/registry.ts';
import { exp } from '../ops/exp.ts';
import { loop } from '../ops/loop.ts';
import { matMulIntegerToFloat, quantizedLinear, quantizeLinear } from '../ops/quantizedLinear.ts';
import { rmsNorm } from '../ops/rmsNorm.ts';
import { silu } from '../ops/silu.ts';
import { bodiesOf, type Node } from '../value.ts';
import { lower } from './lower.ts';

const isUnknown = ({ operator }: Node): boolean => operator.lower !== undefined;

/** Every node, including those in the bodies of loops. */
function all(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...bodiesOf(node).flatMap(({ nodes }) => all(nodes))]);
}

test('no operator that ONNX lacks is left, also not in the bodies of loops', () => {
  const g = new Graph();
  const x = g.op(silu, [g.input('x', 'float32', ['n', 4])]);
  const norm = g.op(rmsNorm, [x, g.external('w', 'float32', [4])], { epsilon: { float: 1e-5 } });
  const copies = [g.external('q', 'int8', [4, 6]), g.external('s', 'float32', [6])];
  const loss = g.op(
    int8.crossEntropy,
    [
      norm,
      g.input('labels', 'int64', ['n']),
      g.input('weights', 'float32', ['n']),
      g.external('head', 'float32', [6, 4]),
      ...copies,
    ],
    { chunk: 2, mode: 'gradient' },
  );
  g.output('loss', loss);
  assert.ok(OPERATORS.filter((op) => op.lower).length > 4);
  assert.ok(all(g.nodes).filter(isUnknown).length > 2);
  const lowered = lower(g);
  assert.deepEqual(all(lowered.nodes).filter(isUnknown), []);
  const inside = lowered.nodes.filter(({ operator }) => operator === loop);
  assert.ok(
    all(inside).some(({ operator }) => operator === matMulIntegerToFloat),
    'the int8 head inside the loop',
  );
});

test('products of one input share its quantised rows', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['n', 4]);
  for (const name of ['q', 'k', 'v']) {
    const copies = [g.external(`${name} forward`, 'int8', [4, 6]), g.external(`${name} scale`, 'float32', [6])];
    g.output(name, g.op(quantizedLinear, [x, ...copies, ...copies]));
  }
  const { nodes } = lower(g);
  assert.equal(nodes.filter(({ operator }) => operator === quantizeLinear).length, 1);
  assert.equal(nodes.filter(({ operator }) => operator === matMulIntegerToFloat).length, 3);
});

test('a graph that has only ONNX operators is returned as it is', () => {
  const g = new Graph();
  g.output('y', g.op(exp, [g.input('x', 'float32', [1])]));
  assert.equal(lower(g), g);
});
