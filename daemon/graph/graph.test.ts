import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from './graph.ts';
import { add } from './ops/add.ts';
import { gemm } from './ops/gemm.ts';
import { mul } from './ops/mul.ts';
import { sub } from './ops/sub.ts';

test('the same operator on the same inputs is one node', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['tokens', 4]);
  const a = new Float32Array(8);
  const [one, two] = [g.linear(x, g.constant(a, [2, 4])), g.linear(x, g.constant(a, [2, 4]))];
  assert.equal(one, two);
  assert.deepEqual(
    g.nodes.map(({ operator }) => operator),
    [gemm],
  );
  assert.notEqual(g.op(gemm, [x, g.constant(a, [4, 2])]), one, 'another shape of the same bytes is another constant');
  assert.notEqual(g.linear(x, g.constant(new Float32Array(20), [5, 4])), one);
  assert.notEqual(g.op(sub, [x, one.shape[1] === 4 ? one : x]), g.op(add, [x, x]));
});

test('nodes with different attributes are different nodes', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [2, 2]);
  assert.notEqual(g.op(gemm, [x, x], { transA: 1 }), g.op(gemm, [x, x], { transB: 1 }));
  assert.notEqual(g.matmul(x, x, { alpha: 1 }), g.matmul(x, x, { alpha: 0.5 }));
  assert.equal(g.matmul(x, x, { alpha: 0.5 }), g.matmul(x, x, { alpha: 0.5 }));
});

test('small constants are shared by value, large ones by object, weights by key', () => {
  const g = new Graph();
  assert.equal(g.scalar(2), g.scalar(2));
  assert.notEqual(g.scalar(2), g.scalar(3));
  assert.notEqual(g.constant(Float32Array.of(2), [1]), g.scalar(2));
  assert.notEqual(g.constant(Int32Array.of(2), []), g.scalar(2));
  const [one, two] = [new Float32Array(100), new Float32Array(100)];
  assert.equal(g.constant(one), g.constant(one));
  assert.notEqual(g.constant(one), g.constant(two));
  assert.equal(g.external('w', 'float32', [3]), g.external('w', 'float32', [3]));
  assert.equal(g.constants.filter(({ source }) => source?.kind === 'external').length, 1);
});

test('a symbolic size is read from an input that has it; its multiples are computed', () => {
  const g = new Graph();
  g.input('x', 'float32', [3, 'length']);
  assert.deepEqual(g.dimension('length').node?.attributes, { start: 1, end: 2 });
  assert.equal(g.dimension('2*length').node?.operator, mul);
  assert.throws(() => g.dimension('rows'), /no input has the dimension rows/);
  assert.equal(g.shapeTensor([2, 3]).node, undefined);
  assert.deepEqual(g.shapeTensor([2, 'length', 3]).shape, [3]);
});

test('the body of a loop has its own names, different for each body', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [2]);
  const bodies = [1, 2].map((factor) => g.body([x], (inner, [y]) => [inner.mul(y!, inner.scalar(factor))]));
  const names = [...g.nodes.flatMap(({ outputs }) => outputs), ...bodies.flatMap(({ nodes }) => nodes[0]!.outputs)];
  assert.equal(new Set(names.map(({ name }) => name)).size, names.length);
  assert.equal(bodies[0]!.inputs[0]!.name === bodies[1]!.inputs[0]!.name, false);
  assert.equal(g.nodes.length, 0, 'what the body computes is no node of the graph around it');
});

test('two graphs built the same way have the same names', () => {
  const build = (): string[] => {
    const g = new Graph();
    const x = g.input('x', 'float32', [20]);
    g.body([x], (inner, [y]) => [inner.add(y!, x)]);
    return [g.add(x, g.constant(new Float32Array(20))), g.mul(x, x)].map(({ name }) => name);
  };
  assert.deepEqual(build(), build());
});
