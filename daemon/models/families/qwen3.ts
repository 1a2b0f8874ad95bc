import type { Value } from '../../graph/value.ts';
import {
  type DecoderConfig,
  decode,
  decoderConfig,
  type DecoderLayer,
  decoderSites,
  decoderTensors,
  finalNorm,
  gatedMlp,
  normTensor,
  qwenWindow,
  rmsNorm,
} from '../decoder.ts';
import { ggufDecoderConfig, ggufDecoderTensor } from '../gguf/decoder.ts';
import type { ModelFamily } from '../model.ts';
import type { Network } from '../network.ts';
import { rotaryAttention } from '../rope.ts';

const QWEN3 = 'Qwen3ForCausalLM';
/** Where config.json does not say it, the head size does not follow from the hidden size. */
const HEAD_DIM = 128;

const queryNorm = ({ path }: DecoderLayer): string => `${path}.self_attn.q_norm`;
const keyNorm = ({ path }: DecoderLayer): string => `${path}.self_attn.k_norm`;

/** RMS norm of each head alone. x: [tokens, heads * headDim], in which the norm's weight is [headDim]. */
function headNorm(net: Network, config: DecoderConfig, path: string, x: Value): Value {
  const [tokens, width] = x.shape as [string, number];
  const heads = net.g.reshape(x, [tokens, width / config.headDim, config.headDim]);
  return net.g.reshape(rmsNorm(net, config, path, heads), x.shape);
}

/** Qwen3's dense models (arXiv 2505.09388): a Llama-like decoder that norms the queries and keys of each head before they turn. */
export const qwen3: ModelFamily<DecoderConfig> = {
  name: 'qwen3',
  architectures: [QWEN3],
  modelTypes: { qwen3: QWEN3 },

  config(json, file) {
    const bias = json['attention_bias'] === true;
    const headDim = json['head_dim'] ?? HEAD_DIM;
    return decoderConfig({ ...json, head_dim: headDim }, file, {
      ...{ window: qwenWindow(json), qkvBias: bias, outputBias: bias, mlpBias: false },
      ...{ standard: { num_key_value_heads: 32, max_position_embeddings: 32_768 } },
    });
  },

  tensors: (config) =>
    decoderTensors(config, (layer) => [
      normTensor(queryNorm(layer), config.headDim),
      normTensor(keyNorm(layer), config.headDim),
    ]),
  sites: decoderSites,

  forward(net, config, tokens) {
    const { g } = net;
    const attend = rotaryAttention(g, config, tokens);
    return decode(net, config, tokens.ids, (layer, x) => {
      const h = rmsNorm(net, config, layer.inputNorm, x);
      const q = headNorm(net, config, queryNorm(layer), net.linear(layer.q, h));
      const k = headNorm(net, config, keyNorm(layer), net.linear(layer.k, h));
      const y = g.add(x, net.linear(layer.o, attend(layer.index, q, k, net.linear(layer.v, h))));
      return g.add(y, gatedMlp(net, layer, rmsNorm(net, config, layer.mlpNorm, y)));
    });
  },

  finalNorm,

  gguf: {
    architectures: ['qwen3'],
    config: (header, architecture) => ({
      architectures: [QWEN3],
      model_type: 'qwen3',
      ...ggufDecoderConfig(header, architecture),
      attention_bias: false,
      use_sliding_window: false,
    }),
    tensor: (name) => ggufDecoderTensor(name, { 'self_attn.q_norm': 'attn_q_norm', 'self_attn.k_norm': 'attn_k_norm' }),
    preTokenizer: () => 'qwen2',
  },
};
