import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VeraError } from '../protocol/errors.ts';

/** Rotary embedding settings, as `rope_scaling` (or the newer `rope_parameters`) of config.json gives them. */
export interface RopeScaling {
  readonly type: 'default' | 'linear' | 'llama3';
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalLength: number;
}

/** What a config.json of the Llama family says. Sizes in elements. */
export interface LlamaConfig {
  readonly architecture: string;
  readonly vocabulary: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
  readonly maxLength: number;
  readonly tied: boolean;
  /** Biases on q, k and v (Qwen2, or `attention_bias`), on the attention's output, and in the MLP. */
  readonly qkvBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
}

/** Architectures of config.json this program trains: all of them are Llama with small differences. */
export const ARCHITECTURES: readonly string[] = ['LlamaForCausalLM', 'MistralForCausalLM', 'Qwen2ForCausalLM'];

/** Reads and checks config.json of a Hugging Face model folder. */
export function readConfig(dir: string): LlamaConfig {
  const file = join(dir, 'config.json');
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing
      ? 'is not there: a base model is a Hugging Face folder, a GGUF file or a hub id'
      : `is not valid JSON: ${(cause as Error).message}`;
    throw new VeraError('model', `${file} ${why}`, { cause });
  }
  return parseConfig(json, file);
}

export function parseConfig(json: Record<string, unknown>, file: string): LlamaConfig {
  const architecture = Array.isArray(json['architectures'])
    ? String(json['architectures'][0])
    : `model_type ${String(json['model_type'])}`;
  if (!ARCHITECTURES.includes(architecture)) {
    throw new VeraError(
      'model',
      `${file}: architecture ${architecture} is not supported; supported are ${ARCHITECTURES.join(', ')}`,
    );
  }
  const size = (name: string, fallback?: number): number => {
    const value = json[name] ?? fallback;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0)
      throw new VeraError('model', `${file}: ${name} must be a positive whole number, not ${JSON.stringify(value)}`);
    return value;
  };
  if (json['hidden_act'] !== undefined && json['hidden_act'] !== 'silu') {
    throw new VeraError(
      'model',
      `${file}: hidden_act ${JSON.stringify(json['hidden_act'])} is not supported; supported is "silu"`,
    );
  }
  const heads = size('num_attention_heads');
  const qwen = architecture === 'Qwen2ForCausalLM';
  const length = size('max_position_embeddings', 2048);
  const window = json['sliding_window'];
  const sliding = typeof window === 'number' && (!qwen || json['use_sliding_window'] === true);
  const config: LlamaConfig = {
    architecture,
    vocabulary: size('vocab_size'),
    hidden: size('hidden_size'),
    intermediate: size('intermediate_size'),
    layers: size('num_hidden_layers'),
    heads,
    kvHeads: size('num_key_value_heads', heads),
    headDim: size('head_dim', Math.floor(size('hidden_size') / heads)),
    normEpsilon: Number(json['rms_norm_eps'] ?? 1e-6),
    // Within its window sliding attention is full attention, so rows up to that length are exact.
    maxLength: sliding ? Math.min(length, window) : length,
    tied: json['tie_word_embeddings'] === true,
    qkvBias: qwen || json['attention_bias'] === true,
    outputBias: !qwen && json['attention_bias'] === true,
    mlpBias: json['mlp_bias'] === true,
    ...rope(json, file),
  };
  if (config.heads % config.kvHeads !== 0)
    throw new VeraError(
      'model',
      `${file}: ${String(config.heads)} attention heads do not divide among ${String(config.kvHeads)} key-value heads`,
    );
  return config;
}

function rope(json: Record<string, unknown>, file: string): { ropeTheta: number; ropeScaling: RopeScaling } {
  const newer = json['rope_parameters'] as Record<string, unknown> | null | undefined;
  const scaling = newer ?? (json['rope_scaling'] as Record<string, unknown> | null | undefined) ?? {};
  const type = scaling['rope_type'] ?? scaling['type'] ?? 'default';
  if (type !== 'default' && type !== 'linear' && type !== 'llama3') {
    throw new VeraError(
      'model',
      `${file}: rope scaling ${JSON.stringify(type)} is not supported; supported are default, linear, llama3`,
    );
  }
  const field = (name: string, fallback: number): number => Number(scaling[name] ?? fallback);
  return {
    ropeTheta: Number(newer?.['rope_theta'] ?? json['rope_theta'] ?? 10000),
    ropeScaling: {
      type,
      factor: field('factor', 1),
      lowFrequencyFactor: field('low_freq_factor', 1),
      highFrequencyFactor: field('high_freq_factor', 4),
      originalLength: field('original_max_position_embeddings', Number(json['max_position_embeddings'] ?? 8192)),
    },
  };
}
