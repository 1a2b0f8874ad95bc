import { create, toBinary } from '@bufbuild/protobuf';
import type { Graph } from '../graph.ts';
import type { Attribute, Node, Subgraph, TensorData, Value } from '../value.ts';
import {
  type AttributeProto,
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js';
import { ONNX_TYPES } from './types.ts';
import { BYTES, elements } from '../value.ts';

const OPSET = 18n;
const IR_VERSION = 9n;

/** Where the bytes of a weight are: a part of a file. ONNX external data names the file relative to the model's folder. */
export interface FileRange {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** The bytes of an ONNX model. The graph must be lowered. `locate` finds the bytes of a weight by its key. */
export function serialize(graph: Graph, locate: (key: string) => FileRange): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'vera-studio',
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: '', version: OPSET }),
      create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
    ],
    graph: create(GraphProtoSchema, {
      name: 'graph',
      node: [...graph.nodes.map(nodeProto), ...graph.outputs.map(({ name, value }) => rename(value, name))],
      initializer: graph.constants.map((value) => initializer(value, locate)),
      input: graph.inputs.map((value) => valueInfo(value.name, value)),
      output: graph.outputs.map(({ name, value }) => valueInfo(name, value)),
      // onnxruntime invents names for dimensions that are not stated, in time quadratic in their number. So state all of them.
      valueInfo: graph.nodes.flatMap((node) => node.outputs.map((value) => valueInfo(value.name, value))),
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

const rename = (value: Value, name: string): NodeProto =>
  create(NodeProtoSchema, { opType: 'Identity', input: [value.name], output: [name], name: `output ${name}` });

function nodeProto(node: Node): NodeProto {
  const [first] = node.outputs;
  return create(NodeProtoSchema, {
    opType: node.operator.type,
    domain: node.operator.domain ?? '',
    name: `${node.operator.type} ${first?.name ?? ''}`,
    input: node.inputs.map((v) => v?.name ?? ''),
    output: node.outputs.map((v) => v.name),
    attribute: Object.entries(node.attributes).flatMap(([name, value]) =>
      name.startsWith('$') ? [] : [attributeProto(name, value)],
    ),
  });
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: Kind.INT, i: BigInt(value) });
  if (typeof value === 'string')
    return create(AttributeProtoSchema, { name, type: Kind.STRING, s: new TextEncoder().encode(value) });
  if ('body' in value) return create(AttributeProtoSchema, { name, type: Kind.GRAPH, g: bodyProto(value.body) });
  if ('float' in value) return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: value.map(BigInt) });
}

function bodyProto(body: Subgraph): GraphProto {
  return create(GraphProtoSchema, {
    name: 'body',
    node: body.nodes.map(nodeProto),
    initializer: body.constants.map((value) =>
      initializer(value, () => {
        throw new Error('weights belong to the outer graph');
      }),
    ),
    input: body.inputs.map((value) => valueInfo(value.name, value)),
    output: body.outputs.map((value) => valueInfo(value.name, value)),
  });
}

function valueInfo(name: string, value: Value): ValueInfoProto {
  const dim = value.shape.map((d) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof d === 'number' ? { case: 'dimValue', value: BigInt(d) } : { case: 'dimParam', value: d },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: ONNX_TYPES[value.type],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

function initializer(value: Value, locate: (key: string) => FileRange): TensorProto {
  const { source, shape } = value;
  const base = { name: value.name, dataType: ONNX_TYPES[value.type], dims: shape.map((d) => BigInt(d)) };
  if (source?.kind === 'constant') return create(TensorProtoSchema, { ...base, rawData: bytesOf(source.data) });
  if (source?.kind !== 'external') throw new Error(`${value.name} is not a constant`);
  const { file, offset, length } = locate(source.key);
  if (elements(shape) * BYTES[value.type] !== length)
    throw new Error(`weight ${source.key}: ${String(length)} bytes do not make [${shape.join(', ')}] ${value.type}`);
  const entry = (key: string, text: string) => create(StringStringEntryProtoSchema, { key, value: text });
  return create(TensorProtoSchema, {
    ...base,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [entry('location', file), entry('offset', String(offset)), entry('length', String(length))],
  });
}

const bytesOf = (data: TensorData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
