/** What GGUF files of the decoders in `models/decoder.ts` have in common: metadata keys and names of tensors. */
import type { GgufHeader } from '../../formats/gguf/header.ts';
import { metadataOf, shortest, type Metadata } from '../../formats/gguf/metadata.ts';
import { VeraError } from '../../protocol/errors.ts';
import { ropeScaling } from './rope.ts';

/** The fields of config.json that the metadata of any such file gives. Lengths are in elements. */
export function ggufDecoderConfig(header: GgufHeader, architecture: string): Record<string, unknown> {
  const meta = metadataOf(header);
  refuseVariants(meta, architecture);
  const key = (suffix: string): string => `${architecture}.${suffix}`;
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
  const theta = meta.number(key('rope.freq_base')) ?? 10_000;
  const eps = meta.number(key('attention.layer_norm_rms_epsilon'));
  return {
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
    rope_scaling: ropeScaling(header, meta, architecture, headDim, theta),
    tie_word_embeddings: !header.tensors.has('output.weight'),
  };
}

/** Tokens of the attention's window; 0 if the file names none. */
export const ggufWindow = (header: GgufHeader, architecture: string): number =>
  metadataOf(header).whole(`${architecture}.attention.sliding_window`, 0) ?? 0;

/** Names of modules in the file, by their names in a layer of a Hugging Face checkpoint. */
const MODULES: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

const OUTSIDE: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

/** The name of a tensor in the file. `more`: modules of a layer that only this family has. */
export function ggufDecoderTensor(name: string, more: Readonly<Record<string, string>> = {}): string {
  const outside = OUTSIDE[name];
  if (outside !== undefined) return outside;
  const [, layer, module, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  const known = module === undefined ? undefined : (MODULES[module] ?? more[module]);
  if (known === undefined) throw new Error(`no name in GGUF files is known for tensor ${name}`);
  return `blk.${layer!}.${known}.${kind!}`;
}

function refuseVariants(meta: Metadata, architecture: string): void {
  if ((meta.whole(`${architecture}.expert_count`, 0) ?? 0) > 0) {
    throw new VeraError('model', `${meta.where}: mixture-of-experts models are not supported; use a dense model`);
  }
  const parts = meta.whole('split.count', 0) ?? 1;
  if (parts > 1) {
    throw new VeraError(
      'model',
      `${meta.where}: is one of ${parts} parts of a split model; join them first with llama-gguf-split of llama.cpp`,
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

/** The rows of the embedding matrix, which config.json calls vocab_size. There may be more rows than tokens. */
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
