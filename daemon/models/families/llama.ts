import {
  type DecoderConfig,
  decode,
  decoderConfig,
  decoderSites,
  decoderTensors,
  finalNorm,
  gatedMlp,
  qwenWindow,
  rmsNorm,
} from '../decoder.ts';
import { ggufDecoderConfig, ggufDecoderTensor, ggufWindow } from '../gguf/decoder.ts';
import type { ModelFamily } from '../model.ts';
import { rotaryAttention } from '../rope.ts';

const LLAMA = 'LlamaForCausalLM';
const MISTRAL = 'MistralForCausalLM';
const QWEN2 = 'Qwen2ForCausalLM';

/** Llama (arXiv 2302.13971) and the models that differ from it only in biases, heads and windows: Mistral and Qwen2. */
export const llama: ModelFamily<DecoderConfig> = {
  name: 'llama',
  architectures: [LLAMA, MISTRAL, QWEN2],
  modelTypes: { llama: LLAMA, mistral: MISTRAL, qwen2: QWEN2 },

  // Only Llama has settings for biases and only Mistral always has a window: settings of the others are left-overs, which
  // transformers ignores too.
  config(json, file) {
    const architecture = (json['architectures'] as unknown[])[0];
    if (architecture === QWEN2)
      return decoderConfig(json, file, {
        ...{ window: qwenWindow(json), qkvBias: true, outputBias: false, mlpBias: false },
        ...{ standard: { num_key_value_heads: 32, max_position_embeddings: 32_768 } },
      });
    if (architecture === MISTRAL)
      return decoderConfig(json, file, {
        window: json['sliding_window'] === undefined ? 4096 : json['sliding_window'],
        ...{ qkvBias: false, outputBias: false, mlpBias: false },
        ...{ standard: { num_key_value_heads: 8, max_position_embeddings: 131_072 } },
      });
    const bias = json['attention_bias'] === true;
    return decoderConfig(json, file, { qkvBias: bias, outputBias: bias, mlpBias: json['mlp_bias'] === true });
  },

  tensors: (config) => decoderTensors(config),
  sites: decoderSites,

  forward(net, config, tokens) {
    const { g } = net;
    const attend = rotaryAttention(g, config, tokens);
    return decode(net, config, tokens.ids, (layer, x) => {
      const h = rmsNorm(net, config, layer.inputNorm, x);
      const attended = attend(layer.index, net.linear(layer.q, h), net.linear(layer.k, h), net.linear(layer.v, h));
      const y = g.add(x, net.linear(layer.o, attended));
      return g.add(y, gatedMlp(net, layer, rmsNorm(net, config, layer.mlpNorm, y)));
    });
  },

  finalNorm,

  gguf: {
    architectures: ['llama', 'mistral', 'qwen2'],

    // Mistral models are stored as `llama`, with the window as a key where there is one.
    config(header, architecture) {
      const window = architecture === 'qwen2' ? 0 : ggufWindow(header, architecture);
      const shared = ggufDecoderConfig(header, architecture);
      if (architecture === 'qwen2')
        return { architectures: [QWEN2], model_type: 'qwen2', ...shared, use_sliding_window: false };
      if (architecture === 'mistral' || window > 0) {
        const sliding = { sliding_window: window > 0 ? window : null };
        return { architectures: [MISTRAL], model_type: 'mistral', ...shared, ...sliding };
      }
      const biases = { attention_bias: header.tensors.has('blk.0.attn_q.bias'), mlp_bias: false };
      return { architectures: [LLAMA], model_type: 'llama', ...shared, ...biases };
    },

    tensor: (name) => ggufDecoderTensor(name),

    interleavedRows: ({ architecture, headDim }, name) =>
      architecture !== QWEN2 && /\.[qk]_proj\.(weight|bias)$/.test(name) ? headDim : undefined,

    preTokenizer: (architecture) => (architecture === 'qwen2' ? 'qwen2' : undefined),
  },
};
