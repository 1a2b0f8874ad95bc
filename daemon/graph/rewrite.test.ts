import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floats, given, int64, sessionOf } from '../../test/gradient.ts';
import { Tensor } from '../runtime/session.ts';
import { Graph } from './graph.ts';
import { crossEntropy } from './ops/crossEntropy.ts';
import { exp } from './ops/exp.ts';
import { log } from './ops/log.ts';
import { neg } from './ops/neg.ts';
import { sigmoid } from './ops/sigmoid.ts';
import { tanh } from './ops/tanh.ts';
import { lower } from './passes/lower.ts';
import { rewrite } from './rewrite.ts';
import { bodiesOf, type Node } from './value.ts';

/** A loss whose lowering has a Loop that reads outer values. */
function withLoop(): Graph {
  const g = new Graph();
  const hidden = g.op(tanh, [g.input('hidden', 'float32', ['n', 3])]);
  const head = g.input('head', 'float32', [4, 3]);
  g.output(
    'loss',
    g.op(crossEntropy, [hidden, g.input('labels', 'int64', ['n']), g.input('weights', 'float32', ['n']), head], {
      chunk: 2,
      mode: 'loss',
    }),
  );
  return lower(g);
}

test('a copy computes the same, also in the bodies of loops', async () => {
  const original = withLoop();
  const copy = rewrite(
    rewrite(original, () => undefined),
    () => undefined,
  );
  const feeds = Object.fromEntries(
    Object.entries({
      hidden: floats([4, 3]),
      labels: int64([4], [0, 3, 1, 2]),
      weights: given([4], [1, 1, 1, 1]),
      head: floats([4, 3]),
    }).map(([name, { type, data, dims }]) => [name, new Tensor(type as 'float32', data as Float32Array, [...dims])]),
  );
  const losses = [];
  for (const graph of [original, copy]) {
    const session = await sessionOf(graph);
    losses.push((await session.run(feeds))['loss']!.data[0]);
    await session.release();
  }
  assert.ok(Number.isFinite(losses[0]));
  assert.equal(losses[0], losses[1]);
});

test('a rule reaches the nodes in the bodies of loops, and bodies read the new outer values', () => {
  const renamed = rewrite(withLoop(), (g, node) =>
    node.operator === tanh
      ? [g.op(sigmoid, [node.inputs[0]])]
      : node.operator === log
        ? [g.op(neg, [node.inputs[0]])]
        : undefined,
  );
  const inside = renamed.nodes.flatMap(bodiesOf).flatMap(({ nodes }) => nodes);
  assert.ok(inside.some(({ operator }) => operator === neg) && !inside.some(({ operator }) => operator === log));
  const replaced = renamed.nodes.find(({ operator }) => operator === sigmoid)!.outputs[0];
  assert.ok(
    inside.some(({ inputs }) => inputs.includes(replaced)),
    'the body reads the replaced value',
  );
  assert.ok(!renamed.nodes.some(({ operator }) => operator === tanh));
});

test('names are unique in the graph and all bodies together', () => {
  const g = rewrite(withLoop(), () => undefined);
  const names: string[] = [];
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      names.push(...node.outputs.map(({ name }) => name));
      for (const { nodes, inputs } of bodiesOf(node)) {
        names.push(...inputs.map(({ name }) => name));
        visit(nodes);
      }
    }
  };
  visit(g.nodes);
  assert.equal(new Set(names).size, names.length);
});

test('segments and the mark of the backward pass are kept', () => {
  const g = new Graph();
  g.segment = 3;
  g.backward = true;
  g.output('y', g.op(exp, [g.input('x', 'float32', [1])]));
  const [node] = rewrite(g, () => undefined).nodes;
  assert.equal(node!.segment, 3);
  assert.equal(node!.backward, true);
});

test('a value used before it is computed is an error that names its operator', () => {
  const g = new Graph();
  const late = g.op(exp, [g.input('x', 'float32', [1])]);
  g.output('y', g.op(tanh, [late]));
  g.nodes.reverse();
  assert.throws(() => rewrite(g, () => undefined), /of Exp is used before it is computed/);
});
