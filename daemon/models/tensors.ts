import { readFloats, type TensorEntry } from '../formats/safetensors.ts';
import type { ModelConfig, ModelTensor, Role } from './model.ts';
import { familyOf } from './registry.ts';

/** Every tensor that a model of this config has. No weights are needed. */
export const modelTensors = (config: ModelConfig): Iterable<ModelTensor> => familyOf(config).tensors(config);

/** The shapes of all tensors, by their names in a Hugging Face checkpoint. */
export const tensorShapes = (config: ModelConfig): Map<string, readonly number[]> =>
  new Map([...modelTensors(config)].map(({ name, shape }) => [name, shape]));

/** The number of parameters of a model of this config. */
export const parameterCount = (config: ModelConfig): number =>
  [...tensorShapes(config).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

/** The name of the matrix that computes the logits, [vocabulary, hidden]. If the model has no head, its embeddings do this. */
export function headWeight(config: ModelConfig): string {
  let embeddings: string | undefined;
  for (const { name, role } of modelTensors(config)) {
    if (role === 'head') return name;
    if (role === 'embedding') embeddings ??= name;
  }
  if (embeddings === undefined) throw new Error(`a model of the architecture ${config.architecture} has no head`);
  return embeddings;
}

/** Where all tensors are trained, checkpoints hold them in this order: embeddings, linear layers, norms, head. */
const ORDER: Readonly<Record<Role, number>> = { embedding: 0, matrix: 1, residual: 1, bias: 1, norm: 2, head: 3 };

/** A tensor of the base with its values. */
export interface BaseTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly read: () => Float32Array;
}

/** Every tensor of a base, in the order in which checkpoints of a run that trains them all hold them. */
export function networkTensors(base: {
  readonly config: ModelConfig;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}): BaseTensor[] {
  return [...modelTensors(base.config)]
    .sort((a, b) => ORDER[a.role] - ORDER[b.role])
    .map(({ name, shape }) => ({ name, shape, read: () => readFloats(base.tensors.get(name)!) }));
}
