import { VeraError } from '../../protocol/errors.ts';
import { quote } from '../quote.ts';
import type { GgufHeader } from './header.ts';
import { metadataOf, shortest, type Metadata } from './metadata.ts';
import { ropeScaling } from './rope.ts';

/** The fields of a HF config.json that a GGUF file determines. Lengths count elements. */
export interface ModelConfig {
  architectures: [string];
  model_type: string;
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  max_position_embeddings: number;
  hidden_act: 'silu';
  rms_norm_eps: number;
  rope_theta: number;
  rope_scaling: Record<string, unknown> | null;
  tie_word_embeddings: boolean;
  attention_bias?: boolean;
  mlp_bias?: false;
  sliding_window?: number | null;
  use_sliding_window?: false;
  bos_token_id: number | null;
  eos_token_id: number | null;
  pad_token_id: number | null;
  torch_dtype: string;
  use_cache: true;
}

/** GGUF architecture -> HF class. Mistral models are stored as `llama`, with the window kept as a key when there is one. */
const ARCHITECTURES: Readonly<Record<string, { className: string; type: string }>> = {
  llama: { className: 'LlamaForCausalLM', type: 'llama' },
  mistral: { className: 'MistralForCausalLM', type: 'mistral' },
  qwen2: { className: 'Qwen2ForCausalLM', type: 'qwen2' },
};

/**
 * The config.json of the model in a GGUF file. `dtype` is the float type its weights get in the folder ('float32', ...).
 * Throws VeraError('model') for another architecture or a shape that this project's models do not have.
 */
export function modelConfig(header: GgufHeader, dtype: string): ModelConfig {
  const meta = metadataOf(header);
  const name = meta.need('general.architecture', meta.text('general.architecture'));
  const known = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
  if (known === undefined) {
    throw new VeraError(
      'model',
      `${header.where}: the architecture ${quote(name)} is not supported; ` +
        `supported are ${Object.keys(ARCHITECTURES).join(', ')}`,
    );
  }
  refuseVariants(meta, name);
  const key = (suffix: string): string => `${name}.${suffix}`;
  const required = (suffix: string): number => meta.need(key(suffix), meta.whole(key(suffix)));
  const hidden = required('embedding_length');
  const heads = required('attention.head_count');
  const keyValueHeads = meta.whole(key('attention.head_count_kv')) ?? heads;
  const headDim = headDimension(meta, key, hidden, heads);
  if (heads % keyValueHeads !== 0) {
    throw new VeraError(
      'model',
      `${header.where}: ${heads} attention heads cannot share ${keyValueHeads} key/value heads`,
    );
  }
  const window = meta.whole(key('attention.sliding_window'), 0) ?? 0;
  const mistral = known.type === 'mistral' || (known.type === 'llama' && window > 0);
  const theta = meta.number(key('rope.freq_base')) ?? 10_000;
  const eps = meta.number(key('attention.layer_norm_rms_epsilon'));
  const id = (kind: string): number | null => meta.whole(`tokenizer.ggml.${kind}_token_id`, 0) ?? null;
  return {
    architectures: [mistral ? 'MistralForCausalLM' : known.className],
    model_type: mistral ? 'mistral' : known.type,
    vocab_size: vocabularyRows(header, hidden),
    hidden_size: hidden,
    intermediate_size: required('feed_forward_length'),
    num_hidden_layers: required('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    head_dim: headDim,
    max_position_embeddings: required('context_length'),
    hidden_act: 'silu',
    rms_norm_eps: shortest(meta.need(key('attention.layer_norm_rms_epsilon'), eps)),
    rope_theta: shortest(theta),
    rope_scaling: ropeScaling(header, meta, name, headDim, theta),
    tie_word_embeddings: !header.tensors.has('output.weight'),
    ...(mistral ? { sliding_window: window > 0 ? window : null } : {}),
    ...(known.type === 'llama' && !mistral
      ? { attention_bias: header.tensors.has('blk.0.attn_q.bias'), mlp_bias: false }
      : {}),
    ...(known.type === 'qwen2' ? { use_sliding_window: false } : {}),
    bos_token_id: id('bos'),
    eos_token_id: id('eos'),
    pad_token_id: id('padding'),
    torch_dtype: dtype,
    use_cache: true,
  };
}

function refuseVariants(meta: Metadata, name: string): void {
  if ((meta.whole(`${name}.expert_count`, 0) ?? 0) > 0) {
    throw new VeraError('model', `${meta.where}: mixture-of-experts models are not supported; use a dense model`);
  }
  const parts = meta.whole('split.count', 0) ?? 1;
  if (parts > 1) {
    throw new VeraError(
      'model',
      `${meta.where}: is one of ${parts} parts of a split model; join them first (llama-gguf-split --merge)`,
    );
  }
}

function headDimension(meta: Metadata, key: (suffix: string) => string, hidden: number, heads: number): number {
  const stated = meta.whole(key('attention.key_length'));
  const headDim = stated ?? hidden / heads;
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    throw new VeraError(
      'model',
      `${meta.where}: ${hidden} hidden elements cannot be split over ${heads} attention heads`,
    );
  }
  for (const other of ['attention.value_length', 'rope.dimension_count']) {
    const length = meta.whole(key(other)) ?? headDim;
    if (length !== headDim) {
      throw new VeraError(
        'model',
        `${meta.where}: ${key(other)} is ${length} where heads have ${headDim} elements; such models are not supported`,
      );
    }
  }
  return headDim;
}

/** The rows of the embedding matrix: what config.json calls vocab_size, at times more than there are tokens. */
function vocabularyRows(header: GgufHeader, hidden: number): number {
  const embedding = header.tensors.get('token_embd.weight');
  const rows = embedding?.dimensions[1];
  if (embedding === undefined || rows === undefined || embedding.dimensions[0] !== hidden) {
    throw new VeraError(
      'model',
      `${header.where}: tensor token_embd.weight is missing or is not [${hidden}, vocabulary]`,
    );
  }
  return rows;
}
