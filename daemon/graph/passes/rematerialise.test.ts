import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionOf } from '../../../test/gradient.ts';
import { Tensor } from '../../runtime/session.ts';
import { gradients } from '../autodiff.ts';
import { Graph } from '../graph.ts';
import { gemm } from '../ops/gemm.ts';
import { rmsNorm } from '../ops/rmsNorm.ts';
import { silu } from '../ops/silu.ts';
import { tanh } from '../ops/tanh.ts';
import type { Node, Value } from '../value.ts';
import { deadCode } from './deadCode.ts';
import { lower } from './lower.ts';
import { rematerialise } from './rematerialise.ts';

const LAYERS = 4;
const WIDTH = 8;
const TOKENS = 64;

/** A stack of gated layers with norms, each of them a segment, and the gradients of the weights. */
function network(): { g: Graph; entry: ReadonlyMap<number, Value> } {
  const g = new Graph();
  let x = g.input('x', 'float32', ['tokens', WIDTH]);
  const weights = Array.from({ length: 3 * LAYERS }, (_, i) =>
    g.input(`w${i}`, 'float32', i % 3 === 2 ? [WIDTH] : [WIDTH, WIDTH]),
  );
  for (let layer = 0; layer < LAYERS; layer++) {
    g.segment = layer;
    const [gate, up, norm] = weights.slice(3 * layer) as [Value, Value, Value];
    const h = g.op(rmsNorm, [x, norm], { epsilon: { float: 1e-5 } });
    x = g.add(x, g.mul(g.op(silu, [g.linear(h, gate)]), g.op(tanh, [g.linear(h, up)])));
  }
  g.segment = undefined;
  const loss = g.reduceSum(g.mul(x, x), [0, 1]);
  g.output('loss', loss);
  const { of, entry } = gradients(g, loss, weights);
  of.forEach((value, i) => g.output(`d${i}`, value!));
  return { g, entry };
}

const plain = (): Graph => network().g;
function again(): Graph {
  const { g, entry } = network();
  return rematerialise(g, entry);
}

async function run(g: Graph): Promise<Float32Array[]> {
  const session = await sessionOf(g);
  const feeds: Record<string, Tensor> = {};
  for (const { name, shape } of g.inputs.slice(1))
    feeds[name] = new Tensor(
      'float32',
      Float32Array.from({ length: shape.length === 1 ? WIDTH : WIDTH * WIDTH }, (_, i) =>
        Math.sin(i + Number(name.slice(1))),
      ),
      shape as number[],
    );
  feeds['x'] = new Tensor(
    'float32',
    Float32Array.from({ length: TOKENS * WIDTH }, (_, i) => Math.cos(i)),
    [TOKENS, WIDTH],
  );
  const results = await session.run(feeds);
  await session.release();
  return g.outputs.map(({ name }) => results[name]!.data as Float32Array);
}

/** The most bytes in memory at once if the nodes run in their order and each value is freed after its last use. */
function peakBytes(g: Graph): number {
  const bytes = ({ shape, type }: Value): number =>
    shape.reduce<number>((n, d) => n * (typeof d === 'number' ? d : TOKENS), type === 'int64' ? 8 : 4);
  // A view moves no data: its output uses the memory of its input.
  const owner = (value: Value): Value => (value.node?.operator.view ? owner(value.node.inputs[0]!) : value);
  const last = new Map<Value, Node>();
  for (const node of g.nodes) for (const input of node.inputs) if (input?.node) last.set(owner(input), node);
  for (const { value } of g.outputs) last.delete(owner(value));
  let [alive, peak] = [0, 0];
  for (const node of g.nodes) {
    if (!node.operator.view) alive += node.outputs.reduce((sum, v) => sum + bytes(v), 0);
    peak = Math.max(peak, alive);
    for (const [value, at] of last) if (at === node) alive -= bytes(value);
  }
  return peak;
}

/** Whether a value is computed from another one. */
function dependsOn(value: Value, on: Value, seen = new Set<Value>()): boolean {
  if (value === on) return true;
  if (seen.has(value)) return false;
  seen.add(value);
  return (value.node?.inputs ?? []).some((input) => input && dependsOn(input, on, seen));
}

test('loss and gradients have the same bits with and without it', async () => {
  const [kept, computed] = [await run(plain()), await run(again())];
  assert.ok(kept[0]![0]! > 0 && kept.slice(1).every((d) => d.some((v) => v !== 0)));
  assert.deepEqual(computed, kept);
});

test('fewer bytes are in memory at once', () => {
  const [kept, computed] = [plain(), again()].map((g) => peakBytes(deadCode(lower(g))));
  assert.ok(computed! < 0.8 * kept!, `${computed} of ${kept} bytes`);
});

test('copies are cheap, and wait for the gradient that enters their segment', () => {
  const { g: before, entry } = network();
  assert.equal(entry.size, LAYERS);
  // The gradients that enter the segments are outputs here, so that they can be found in the new graph.
  for (const [segment, value] of entry) before.output(`entry ${segment}`, value);
  const g = rematerialise(before, entry);
  const entered = (segment: number): Value => g.outputs.find(({ name }) => name === `entry ${segment}`)!.value;
  const copies = g.nodes.filter((node) => node.backward && [silu, rmsNorm].includes(node.operator));
  assert.equal(copies.length, 2 * LAYERS);
  for (const node of copies)
    assert.ok(dependsOn(node.outputs[0]!, entered(node.segment!)), `${node.operator.type} of segment ${node.segment}`);
  const gemms = (graph: Graph): number => graph.nodes.filter(({ operator }) => operator === gemm).length;
  assert.equal(gemms(g), gemms(before), 'no product is computed twice');
});

test('every value is computed before it is read', () => {
  const g = again();
  const known = new Set<Value>([...g.inputs, ...g.constants]);
  for (const node of g.nodes) {
    for (const input of node.inputs)
      assert.ok(!input || known.has(input), `${node.operator.type} reads ${input?.name}`);
    for (const output of node.outputs) known.add(output);
  }
});

test('the graph that it gets is not changed', () => {
  const { g, entry } = network();
  const nodes = g.nodes.map((node) => ({ ...node, inputs: [...node.inputs] }));
  rematerialise(g, entry);
  assert.deepEqual(
    g.nodes.map(({ inputs, outputs }) => [inputs, outputs].map((values) => values.map((v) => v?.name))),
    nodes.map(({ inputs, outputs }) => [inputs, outputs].map((values) => values.map((v) => v?.name))),
  );
  assert.equal(g.segment, undefined);
  assert.equal(g.backward, false);
});
