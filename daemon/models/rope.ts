import type { Graph } from '../graph/graph.ts';
import { rotaryEmbedding } from '../graph/ops/rotaryEmbedding.ts';
import type { Dim, Value } from '../graph/value.ts';
import { isObject } from '../formats/json.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Tokens } from './model.ts';

/** Scaling of rotary frequencies, as `rope_scaling` (or the newer `rope_parameters`) of config.json gives it. */
export interface RopeScaling {
  readonly type: 'default' | 'linear' | 'llama3';
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalLength: number;
}

/** Rotary position embeddings (arXiv 2104.09864) of a model. */
export interface Rope {
  /** Elements of a head. Each pair of them is rotated by one angle. */
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
}

/**
 * Reads the rotary settings of config.json in their older form (`rope_scaling` and `rope_theta`) and their newer one
 * (`rope_parameters`). Where a file has both, transformers takes `rope_scaling`. Throws VeraError 'model' for another scaling.
 */
export function ropeOf(json: Readonly<Record<string, unknown>>, file: string): Omit<Rope, 'headDim'> {
  const given = [json['rope_scaling'], json['rope_parameters']].find(
    (one) => isObject(one) && Object.keys(one).length > 0,
  );
  const scaling = isObject(given) ? given : {};
  const refuse = (what: string): VeraError => new VeraError('model', `${file}: ${what}`);
  const type = scaling['rope_type'] ?? scaling['type'] ?? 'default';
  if (type !== 'default' && type !== 'linear' && type !== 'llama3') {
    const remedy =
      type === 'yarn' || type === 'dynamic'
        ? '; if it was added for texts that are longer than the model was trained on, remove it from config.json'
        : '';
    throw refuse(
      `rope scaling ${JSON.stringify(type)} is not supported; supported are default, linear, llama3${remedy}`,
    );
  }
  if (Object.values(scaling).some(isObject))
    throw refuse('rope_parameters differ between the layers, which is not supported; use a model with one setting');
  const share = scaling['partial_rotary_factor'] ?? json['partial_rotary_factor'] ?? 1;
  if (share !== 1) throw refuse(`partial_rotary_factor ${JSON.stringify(share)} is not supported; supported is 1`);
  const number = (name: string, fallback: number): number => {
    const value = scaling[name] ?? fallback;
    if (typeof value !== 'number' || !(value > 0))
      throw refuse(`${name} of the rope scaling must be a positive number, not ${JSON.stringify(value)}`);
    return value;
  };
  const length = Number(json['max_position_embeddings'] ?? 8192);
  return {
    ropeTheta: number('rope_theta', Number(json['rope_theta'] ?? 10000)),
    ropeScaling: {
      type,
      factor: number('factor', 1),
      lowFrequencyFactor: number('low_freq_factor', 1),
      highFrequencyFactor: number('high_freq_factor', 4),
      originalLength: number(
        'original_max_position_embeddings',
        Number(json['original_max_position_embeddings'] ?? length),
      ),
    },
  };
}

export interface RotaryTables {
  /** [length, headDim / 2] each. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
  readonly minusSin: Float32Array;
}

/** Inverse frequencies [headDim / 2], scaled as the config says. */
export function inverseFrequencies({ headDim, ropeTheta, ropeScaling }: Rope): Float32Array {
  const plain = Float32Array.from(
    { length: headDim / 2 },
    (_, i) => 1 / Math.fround(ropeTheta ** Math.fround((2 * i) / headDim)),
  );
  if (ropeScaling.type === 'default') return plain;
  if (ropeScaling.type === 'linear') return plain.map((f) => f / ropeScaling.factor);
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalLength } = ropeScaling;
  return plain.map((f) => {
    const wavelength = (2 * Math.PI) / f;
    if (wavelength < originalLength / high) return f;
    if (wavelength > originalLength / low) return f / factor;
    const smooth = (originalLength / wavelength - low) / (high - low);
    return ((1 - smooth) * f) / factor + smooth * f;
  });
}

/** Cosines and sines of the angles of positions 0 to length - 1. */
export function rotaryTables(rope: Rope, length: number): RotaryTables {
  const inverse = inverseFrequencies(rope);
  const half = inverse.length;
  const cos = new Float32Array(length * half);
  const sin = new Float32Array(length * half);
  for (let p = 0; p < length; p++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(p * (inverse[i] as number));
      cos[p * half + i] = Math.cos(angle);
      sin[p * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin, minusSin: sin.map((s) => -s) };
}

/** Attention of one layer. q, k and v: [tokens, heads * headDim], as the model's linear layers give them -> the shape of q. */
export type Attend = (layer: number, q: Value, k: Value, v: Value) => Value;

/** Attention whose queries and keys are rotated according to their positions. */
export function rotaryAttention(g: Graph, rope: Rope, { positions, maxLength, attention }: Tokens): Attend {
  const { headDim } = rope;
  const [batch, length] = positions.shape as [Dim, Dim];
  const tables = rotaryTables(rope, maxLength);
  const table = (data: Float32Array): Value => g.constant(data, [maxLength, headDim / 2]);
  const angles = [positions, table(tables.cos), table(tables.sin), table(tables.minusSin)];
  const byRow = (x: Value): Value => g.reshape(x, [batch, length, x.shape[1] as number]);
  const heads = (x: Value): Value =>
    attention.flat
      ? byRow(x)
      : g.transpose(g.reshape(x, [batch, length, (x.shape[1] as number) / headDim, headDim]), [0, 2, 1, 3]);
  const rotated = (x: Value): Value => g.op(rotaryEmbedding, [heads(x), ...angles]);
  return (layer, q, k, v) => {
    const out = attention.attend(layer, rotated(q), rotated(k), heads(v));
    return g.reshape(attention.flat ? out : g.transpose(out, [0, 2, 1, 3]), q.shape);
  };
}
