import {
  type DecoderConfig,
  decode,
  decoderConfig,
  decoderSites,
  decoderTensors,
  finalNorm,
  gatedMlp,
  rmsNorm,
} from '../decoder.ts';
import { ggufDecoderConfig, ggufDecoderTensor, ggufWindow } from '../gguf/decoder.ts';
import type { ModelFamily } from '../model.ts';
import { rotaryAttention } from '../rope.ts';

const QWEN2 = 'Qwen2ForCausalLM';

/** Llama (arXiv 2302.13971) and the models that differ from it only in biases, heads and windows: Mistral and Qwen2. */
export const llama: ModelFamily<DecoderConfig> = {
  name: 'llama',
  architectures: ['LlamaForCausalLM', 'MistralForCausalLM', QWEN2],

  config(json, file) {
    const qwen = (json['architectures'] as unknown[])[0] === QWEN2;
    const bias = json['attention_bias'] === true;
    return decoderConfig(json, file, {
      sliding: !qwen || json['use_sliding_window'] === true,
      qkvBias: qwen || bias,
      outputBias: !qwen && bias,
      mlpBias: json['mlp_bias'] === true,
    });
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
        return { architectures: ['MistralForCausalLM'], model_type: 'mistral', ...shared, ...sliding };
      }
      const biases = { attention_bias: header.tensors.has('blk.0.attn_q.bias'), mlp_bias: false };
      return { architectures: ['LlamaForCausalLM'], model_type: 'llama', ...shared, ...biases };
    },

    tensor: (name) => ggufDecoderTensor(name),

    interleavedRows: ({ architecture, headDim }, name) =>
      architecture !== QWEN2 && /\.[qk]_proj\.(weight|bias)$/.test(name) ? headDim : undefined,

    preTokenizer: (architecture) => (architecture === 'qwen2' ? 'qwen2' : undefined),
  },
};
