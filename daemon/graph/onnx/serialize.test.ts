import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { Graph } from '../graph.ts';
import { ModelProtoSchema } from './onnx_pb.js';
import { serialize } from './serialize.ts';
import { elementTypeOf, ONNX_TYPES } from './types.ts';

const nowhere = () => assert.fail('nothing lies in a file');

test('inputs, outputs, constants and attributes are written in the form of ONNX', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['tokens', 4]);
  g.output('y', g.matmul(x, g.constant(new Float32Array(20).fill(0.5), [5, 4]), { transB: true, alpha: 0.25 }));
  const { graph, opsetImport } = fromBinary(ModelProtoSchema, serialize(g, nowhere));
  assert.deepEqual(
    opsetImport.map(({ domain }) => domain),
    ['', 'com.microsoft'],
  );
  assert.deepEqual(
    graph!.node.map(({ opType, domain }) => [opType, domain]),
    [
      ['FusedMatMul', 'com.microsoft'],
      ['Identity', ''],
    ],
  );
  const attributes = Object.fromEntries(
    graph!.node[0]!.attribute.map(({ name, f, i }) => [name, name === 'alpha' ? f : Number(i)]),
  );
  assert.deepEqual(attributes, { transA: 0, transB: 1, alpha: 0.25 });
  assert.deepEqual(graph!.initializer[0]!.dims, [5n, 4n]);
  assert.equal(graph!.initializer[0]!.rawData.length, 80);
  assert.deepEqual(
    graph!.output.map(({ name }) => name),
    ['y'],
  );
});

test('attributes that only the graph itself reads ($...) are not written', () => {
  const g = new Graph();
  g.output('y', g.reshape(g.input('x', 'float32', ['n', 4]), ['n', 2, 2]));
  const { graph } = fromBinary(ModelProtoSchema, serialize(g, nowhere));
  assert.ok(graph!.node.every(({ attribute }) => attribute.every(({ name }) => !name.startsWith('$'))));
});

test('a weight is written as a part of a file; a wrong size is an error that names it', () => {
  const g = new Graph();
  g.output('y', g.linear(g.input('x', 'float32', ['n', 2]), g.external('w', 'float32', [3, 2])));
  const model = fromBinary(
    ModelProtoSchema,
    serialize(g, () => ({ file: 'weights.bin', offset: 16, length: 24 })),
  );
  const [weight] = model.graph!.initializer;
  assert.deepEqual(Object.fromEntries(weight!.externalData.map(({ key, value }) => [key, value])), {
    location: 'weights.bin',
    offset: '16',
    length: '24',
  });
  assert.throws(
    () => serialize(g, () => ({ file: 'weights.bin', offset: 0, length: 20 })),
    /weight w: 20 bytes do not make \[3, 2\] float32/,
  );
});

test('element types have their ONNX numbers', () => {
  for (const [type, number] of Object.entries(ONNX_TYPES)) assert.equal(elementTypeOf(number), type);
  assert.throws(() => elementTypeOf(11), /11 is not used/);
});
