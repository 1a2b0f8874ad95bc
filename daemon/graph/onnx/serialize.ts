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

/** Graphs without newer operators use this one. */
const OPSET = 18;
const IR_VERSION = 9n;

/** Where the bytes of a weight are: a part of a file. ONNX external data names the file relative to the model's folder. */
export interface FileRange {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** The name of the first output of a model that is written `inPlace`. */
export const NOTHING = 'nothing';

/**
 * The bytes of an ONNX model. The graph must be lowered. `locate` finds the bytes of a weight by its key. `inPlace`: the model gets one more
 * output, in front of the others, whose kind onnxruntime-node cannot return: it then copies no output at all. And nodes write
 * the outputs themselves.
 */
export function serialize(graph: Graph, locate: (key: string) => FileRange, inPlace = false): Uint8Array {
  const opset = Math.max(OPSET, ...graph.nodes.map(({ operator }) => operator.opset ?? 0));
  const names = new Map(inPlace ? graph.outputs.map(({ name, value }) => [value.name, name]) : []);
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'vera-studio',
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) }),
      create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
    ],
    graph: create(GraphProtoSchema, {
      name: 'graph',
      node: [
        ...(inPlace ? [nothing(graph.inputs[0]!)] : []),
        ...graph.nodes.map((node) => nodeProto(node, names)),
        ...graph.outputs.flatMap(({ name, value }) => (names.has(value.name) ? [] : [rename(value, name)])),
      ],
      initializer: graph.constants.map((value) => initializer(value, locate)),
      input: graph.inputs.map((value) => valueInfo(value.name, value)),
      output: [
        ...(inPlace ? [create(ValueInfoProtoSchema, { name: NOTHING })] : []),
        ...graph.outputs.map(({ name, value }) => valueInfo(name, value)),
      ],
      // onnxruntime invents names for dimensions that are not stated, in time quadratic in their number. So state all of them.
      valueInfo: graph.nodes.flatMap(({ outputs }) =>
        outputs.flatMap((value) => (names.has(value.name) ? [] : [valueInfo(value.name, value)])),
      ),
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

const rename = (value: Value, name: string): NodeProto =>
  create(NodeProtoSchema, { opType: 'Identity', input: [value.name], output: [name], name: `output ${name}` });

/** A sequence that holds an input. */
const nothing = (input: Value): NodeProto =>
  create(NodeProtoSchema, { opType: 'SequenceConstruct', input: [input.name], output: [NOTHING], name: NOTHING });

/** names: what values are called, where that is not their name. */
function nodeProto(node: Node, names: ReadonlyMap<string, string> = new Map()): NodeProto {
  const [first] = node.outputs;
  const nameOf = ({ name }: Value): string => names.get(name) ?? name;
  return create(NodeProtoSchema, {
    opType: node.operator.type,
    domain: node.operator.domain ?? '',
    name: `${node.operator.type} ${first?.name ?? ''}`,
    input: node.inputs.map((v) => (v ? nameOf(v) : '')),
    output: node.outputs.map(nameOf),
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
    node: body.nodes.map((node) => nodeProto(node)),
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
