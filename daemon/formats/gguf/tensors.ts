import { VeraError } from '../../protocol/errors.ts';
import { quote } from '../quote.ts';
import type { ModelConfig } from './config.ts';
import type { GgufHeader, GgufTensor } from './header.ts';

/** A tensor of the file with its place in the HF model. */
export interface MappedTensor {
  name: string;
  /** HF order: [out, in] for a matrix. */
  shape: number[];
  from: GgufTensor;
  /**
   * Set where GGUF interleaves the two halves of each head's rows for rotary embeddings: heads and rows per head.
   * HF row h * rows + half * rows/2 + i is row h * rows + 2 i + half of the file.
   */
  interleaved?: { heads: number; rows: number };
}

/** Tensors that follow from the configuration and have no counterpart in HF. */
const DERIVED = /^(rope_freqs\.weight|blk\.\d+\.(attn_rot_embd|rope_freqs)(\.weight)?)$/;

/**
 * The tensors of a Llama, Mistral or Qwen2 model, in the order of the layers, with HF's names and shapes.
 * Throws VeraError('model') naming a tensor that is missing, has another shape or is not part of the model.
 */
export function mapTensors(header: GgufHeader, config: ModelConfig): MappedTensor[] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim: headDim } = config;
  const permuted = config.model_type !== 'qwen2'; // llama.cpp pairs neighbours for these, as Meta's own code does
  const queries = config.num_attention_heads * headDim;
  const keys = config.num_key_value_heads * headDim;
  const biased = config.model_type === 'qwen2' || config.attention_bias === true;
  const mapped: MappedTensor[] = [];
  const used = new Set<string>();

  const add = (from: string, name: string, shape: number[], heads?: number): void => {
    const entry = header.tensors.get(from);
    const where = header.where;
    if (entry === undefined)
      throw new VeraError('model', `${where}: tensor ${from} is missing; the file is not complete`);
    const dimensions = [...shape].reverse();
    if (entry.dimensions.length !== shape.length || dimensions.some((size, i) => entry.dimensions[i] !== size)) {
      throw new VeraError(
        'model',
        `${where}: tensor ${from} has the shape [${entry.dimensions.join()}], expected [${dimensions.join()}]`,
      );
    }
    used.add(from);
    mapped.push({
      name,
      shape,
      from: entry,
      ...(heads !== undefined && permuted ? { interleaved: { heads, rows: headDim } } : {}),
    });
  };

  add('token_embd.weight', 'model.embed_tokens.weight', [config.vocab_size, hidden]);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const file = `blk.${i}`;
    const layer = `model.layers.${i}`;
    const projection = (from: string, name: string, shape: [number, number], heads?: number): void => {
      add(`${file}.${from}.weight`, `${layer}.self_attn.${name}.weight`, shape, heads);
      // Qwen2 has no bias on the output projection; Llama with attention_bias has.
      const bias = biased && (name !== 'o_proj' || config.attention_bias === true);
      if (bias) add(`${file}.${from}.bias`, `${layer}.self_attn.${name}.bias`, [shape[0]], heads);
    };
    add(`${file}.attn_norm.weight`, `${layer}.input_layernorm.weight`, [hidden]);
    projection('attn_q', 'q_proj', [queries, hidden], config.num_attention_heads);
    projection('attn_k', 'k_proj', [keys, hidden], config.num_key_value_heads);
    projection('attn_v', 'v_proj', [keys, hidden]);
    projection('attn_output', 'o_proj', [hidden, queries]);
    add(`${file}.ffn_norm.weight`, `${layer}.post_attention_layernorm.weight`, [hidden]);
    add(`${file}.ffn_gate.weight`, `${layer}.mlp.gate_proj.weight`, [inner, hidden]);
    add(`${file}.ffn_up.weight`, `${layer}.mlp.up_proj.weight`, [inner, hidden]);
    add(`${file}.ffn_down.weight`, `${layer}.mlp.down_proj.weight`, [hidden, inner]);
  }
  add('output_norm.weight', 'model.norm.weight', [hidden]);
  if (!config.tie_word_embeddings) add('output.weight', 'lm_head.weight', [config.vocab_size, hidden]);

  for (const name of header.tensors.keys()) {
    if (used.has(name) || DERIVED.test(name)) continue;
    throw new VeraError(
      'model',
      `${header.where}: tensor ${quote(name)} is not part of a ${config.model_type} model as supported here`,
    );
  }
  return mapped;
}
