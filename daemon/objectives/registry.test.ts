import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelFixture } from '../../test/fixtures/read.ts';
import { batchOf } from '../../test/step.ts';
import { Graph } from '../graph/graph.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import { unadapted } from '../models/adaptation.ts';
import { adaptedNetwork } from '../models/adapted.ts';
import { openBase } from '../models/base.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { OBJECTIVES, objectiveNamed } from './registry.ts';

const base = openBase(modelFixture('llama').dir, temporaryFolder());

test('an unknown objective is an error that lists the known ones', () => {
  assert.equal(objectiveNamed(), OBJECTIVES[0]);
  for (const one of OBJECTIVES) assert.equal(objectiveNamed(one.name), one);
  assert.throws(() => objectiveNamed('classes'), { code: 'usage', message: /"classes" is unknown.*causalLm/ });
});

for (const objective of OBJECTIVES) {
  test(`${objective.name}: what it feeds are the inputs of its graph, and it knows all of the graph's sizes`, () => {
    const [rows, length] = [2, 6];
    const g = new Graph();
    const net = adaptedNetwork(g, {
      ...{ base, adaptation: unadapted, precision: 'fp32', tokens: rows * length, differentiable: true },
    });
    const loss = objective.loss(net, base.config, { maxLength: length, train: true });
    assert.deepEqual([loss.type, loss.shape], ['float32', []]);
    g.output('loss', loss);
    const part = batchOf(Array.from({ length: rows }, (_, r) => Array.from({ length: length + 1 }, (_, t) => r + t)));
    const feeds = objective.feeds(part);
    assert.deepEqual(Object.keys(feeds).sort(), g.inputs.map(({ name }) => name).sort());
    const sizes = objective.sizes(rows, length);
    for (const { name, type, shape } of g.inputs) {
      assert.equal(feeds[name]!.type, type);
      const dims = shape.map((dim) => (typeof dim === 'number' ? dim : sizes[dim]));
      assert.deepEqual(feeds[name]!.dims, dims, name);
    }
    assert.ok(deadCode(lower(g)).nodes.length > 0);
  });

  test(`${objective.name}: its measures have names of their own, and the first falls with the loss`, () => {
    const names = objective.measures.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    const [first] = objective.measures;
    assert.equal(Math.sign(first.of(2, 10) - first.of(3, 10)), first.better === 'lower' ? -1 : 1);
  });
}
