/**
 * Base models that are known to work, the smallest first. Each has the fields of its config.json that decide memory and time, so a plan
 * needs no download. Sources: the config.json, the model card and the list of files of each model on the hub.
 */
import type { RecommendedBase } from '../protocol/bases.ts';

const APACHE = 'apache-2.0';
const CHAT = ['chat'];
/** Qwen2.5-Coder knows tokens for filling in the middle. */
const CODE = ['code completion'];

/** Parameters and bytes are those of the files on the hub, which may hold a head that equals the embeddings. */
interface Recommended extends RecommendedBase {
  readonly config: Readonly<Record<string, unknown>>;
}

type Sizes = readonly [hidden: number, intermediate: number, layers: number, heads: number, kvHeads: number];

const sized = ([hidden, intermediate, layers, heads, kvHeads]: Sizes): Record<string, unknown> => ({
  hidden_act: 'silu',
  hidden_size: hidden,
  intermediate_size: intermediate,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kvHeads,
  tie_word_embeddings: true,
});

const smol = (sizes: Sizes, theta: number): Record<string, unknown> => ({
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 49_152, rms_norm_eps: 1e-5 },
  ...{ max_position_embeddings: 8192, rope_theta: theta, ...sized(sizes) },
});

const qwen2 = (sizes: Sizes): Record<string, unknown> => ({
  ...{ architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2', vocab_size: 151_936, rms_norm_eps: 1e-6 },
  ...{ max_position_embeddings: 32_768, rope_theta: 1e6, use_sliding_window: false, ...sized(sizes) },
});

const qwen3 = (sizes: Sizes): Record<string, unknown> => ({
  ...{ architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', vocab_size: 151_936, rms_norm_eps: 1e-6 },
  ...{ max_position_embeddings: 40_960, rope_theta: 1e6, head_dim: 128, use_sliding_window: false, ...sized(sizes) },
});

const llama32 = (sizes: Sizes, headDim: number): Record<string, unknown> => ({
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 128_256, rms_norm_eps: 1e-5 },
  ...{ max_position_embeddings: 131_072, rope_theta: 500_000, head_dim: headDim, ...sized(sizes) },
  rope_scaling: {
    ...{ factor: 32, high_freq_factor: 4, low_freq_factor: 1 },
    ...{ original_max_position_embeddings: 8192, rope_type: 'llama3' },
  },
});

function model(
  id: string,
  config: Record<string, unknown>,
  parameters: number,
  more: Pick<RecommendedBase, 'goodAt' | 'summary'> & Partial<RecommendedBase>,
): Recommended {
  const architecture = (config['architectures'] as string[])[0]!;
  return { id, config, architecture, parameters, bytes: 2 * parameters, licence: APACHE, gated: false, ...more };
}

export const RECOMMENDED: readonly Recommended[] = [
  model('HuggingFaceTB/SmolLM2-135M-Instruct', smol([576, 1536, 30, 9, 3], 100_000), 134_515_008, {
    ...{ goodAt: CHAT, summary: 'the smallest that answers in sentences; quick to train everywhere' },
  }),
  model('HuggingFaceTB/SmolLM2-360M-Instruct', smol([960, 2560, 32, 15, 5], 100_000), 361_821_120, {
    ...{ goodAt: CHAT, summary: 'short answers in English' },
  }),
  model('Qwen/Qwen2.5-0.5B-Instruct', qwen2([896, 4864, 24, 14, 2]), 494_032_768, {
    ...{ goodAt: CHAT, summary: 'short answers in many languages' },
  }),
  model('Qwen/Qwen2.5-Coder-0.5B', qwen2([896, 4864, 24, 14, 2]), 494_032_768, {
    ...{ goodAt: CODE, summary: 'the smallest that completes code well; fills in the middle' },
  }),
  model('Qwen/Qwen3-0.6B', qwen3([1024, 3072, 28, 16, 8]), 751_632_384, {
    ...{ goodAt: CHAT, summary: 'answers in many languages, and can think first' },
  }),
  model('TinyLlama/TinyLlama-1.1B-Chat-v1.0', tinyLlama(), 1_100_048_384, {
    ...{ goodAt: CHAT, summary: 'an older model that many tools know' },
  }),
  model('meta-llama/Llama-3.2-1B-Instruct', llama32([2048, 8192, 16, 32, 8], 64), 1_235_814_400, {
    ...{ goodAt: CHAT, summary: 'good answers in eight languages', licence: 'llama3.2', gated: true },
  }),
  model('Qwen/Qwen2.5-1.5B-Instruct', qwen2([1536, 8960, 28, 12, 2]), 1_543_714_304, {
    ...{ goodAt: CHAT, summary: 'good answers in many languages' },
  }),
  model('Qwen/Qwen2.5-Coder-1.5B', qwen2([1536, 8960, 28, 12, 2]), 1_543_714_304, {
    ...{ goodAt: CODE, summary: 'the one to take for inline completions, where the machine is fast enough' },
  }),
  model('HuggingFaceTB/SmolLM2-1.7B-Instruct', smol([2048, 8192, 24, 32, 32], 130_000), 1_711_376_384, {
    ...{ goodAt: CHAT, summary: 'good answers in English' },
  }),
  model('Qwen/Qwen3-1.7B', qwen3([2048, 6144, 28, 16, 8]), 2_031_739_904, {
    ...{ goodAt: CHAT, summary: 'good answers in many languages, and can think first' },
  }),
  model('Qwen/Qwen2.5-Coder-3B', qwen2([2048, 11_008, 36, 16, 2]), 3_085_938_688, {
    ...{ goodAt: CODE, summary: 'for fast machines; not for commercial use', licence: 'qwen-research' },
  }),
  model('meta-llama/Llama-3.2-3B-Instruct', llama32([3072, 8192, 28, 24, 8], 128), 3_212_749_824, {
    ...{ goodAt: CHAT, summary: 'the best answers of this list', licence: 'llama3.2', gated: true },
  }),
];

function tinyLlama(): Record<string, unknown> {
  return {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 32_000, rms_norm_eps: 1e-5 },
    ...{ max_position_embeddings: 2048, rope_theta: 10_000, ...sized([2048, 5632, 22, 32, 4]) },
    tie_word_embeddings: false,
  };
}

/** The fields of config.json of a recommended model. */
export const recommendedConfig = (id: string): Readonly<Record<string, unknown>> | undefined =>
  RECOMMENDED.find((one) => one.id === id)?.config;
