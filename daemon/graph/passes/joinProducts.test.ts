import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph.ts';
import { add } from '../ops/add.ts';
import { quantizedLinear } from '../ops/quantizedLinear.ts';
import { split } from '../ops/split.ts';
import type { Value } from '../value.ts';
import { joinProducts } from './joinProducts.ts';

const product = (g: Graph, name: string, x: Value, out: number): Value => {
  const copies = [
    g.external(name, 'int8', [x.shape[1] as number, out]),
    g.external(`${name} scales`, 'float32', [out]),
  ];
  return g.op(quantizedLinear, [x, ...copies, ...copies]);
};

test('products of one input become one product that is split; products of other inputs stay', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['n', 4]);
  const q = product(g, 'q', x, 6);
  const k = product(g, 'k', g.op(add, [x, x]), 4);
  g.output('k', k);
  g.output('o', product(g, 'o', q, 3));
  g.output('v', product(g, 'v', x, 2));
  const joined = joinProducts(g);
  const products = joined.nodes.filter(({ operator }) => operator === quantizedLinear);
  assert.deepEqual(
    products.map(({ outputs }) => outputs[0]!.shape),
    [
      ['n', 8],
      ['n', 4],
      ['n', 3],
    ],
  );
  const [parts] = joined.nodes.filter(({ operator }) => operator === split);
  assert.deepEqual(
    parts!.outputs.map(({ shape }) => shape),
    [
      ['n', 6],
      ['n', 2],
    ],
  );
  assert.equal(products[2]!.inputs[0], parts!.outputs[0]);
  assert.equal(joined.outputs[2]!.value, parts!.outputs[1]);
});

test('matrices that are inputs or constants are not joined', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['n', 4]);
  for (const name of ['a', 'b']) {
    const copies = [g.input(name, 'int8', [4, 3]), g.input(`${name} scales`, 'float32', [3])];
    g.output(`of ${name}`, g.op(quantizedLinear, [x, ...copies, ...copies]));
  }
  assert.equal(joinProducts(g).nodes.length, 2);
});
