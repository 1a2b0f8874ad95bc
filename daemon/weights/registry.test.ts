import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { copyOf } from './format.ts';
import { WEIGHT_FORMATS, weightFormat } from './registry.ts';

test('names are unique, and an unknown one is an error that lists them', () => {
  const names = WEIGHT_FORMATS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const format of WEIGHT_FORMATS) assert.equal(weightFormat(format.name), format);
  assert.throws(() => weightFormat('fp8'), { code: 'usage', message: new RegExp(`"fp8".*${names.join(', ')}`) });
});

test('no two formats keep different arrays under one name', () => {
  const kinds = WEIGHT_FORMATS.flatMap(({ copies }) => copies.flatMap((one) => one.kinds));
  assert.equal(new Set(kinds).size, kinds.length);
});

for (const format of WEIGHT_FORMATS) {
  test(`${format.name}: a product has the shape of x W^T and reads only arrays that the format keeps`, () => {
    const kinds = format.copies.flatMap((copies) => copies.kinds);
    for (const differentiable of [true, false]) {
      const g = new Graph();
      const x = g.input('x', 'float32', ['n', 6]);
      const y = format.product(g, { name: 'w', dIn: 6, dOut: 4 }, x, differentiable);
      assert.deepEqual(y.shape, ['n', 4]);
      const matrix = { data: new Float32Array(5 * 4).fill(0.5), rows: 5, columns: 4 };
      assert.deepEqual(format.matrixProduct(g, matrix, y).shape, ['n', 5]);
      const read = g.constants.flatMap(({ source }) => (source?.kind === 'external' ? [copyOf(source.key)] : []));
      assert.ok(read.length > 0);
      for (const { kind, tensor } of read) assert.ok(kinds.includes(kind) && tensor === 'w', kind);
    }
  });
}
