import { rmsNorm } from '../graph/ops/rmsNorm.ts';
import { silu } from '../graph/ops/silu.ts';
import type { Value } from '../graph/value.ts';
import type { LinearSite } from './adaptation.ts';
import type { LlamaConfig } from './config.ts';
import type { Network } from './network.ts';

/** How queries, keys and values of one layer meet; training and generation differ only here. All are [tokens, heads * d]. */
export type Attend = (layer: number, q: Value, k: Value, v: Value) => Value;

/** Every linear layer of a Llama-type model, in the order they run; the head is not among them. */
export function linearSites(config: LlamaConfig): LinearSite[] {
  const { hidden, intermediate, heads, kvHeads, headDim, qkvBias, outputBias, mlpBias } = config;
  return Array.from({ length: config.layers }, (_, layer) => {
    const site = (name: string, dIn: number, dOut: number, bias: boolean): LinearSite => ({
      path: `model.layers.${String(layer)}.${name}`,
      layer,
      dIn,
      dOut,
      bias,
    });
    return [
      site('self_attn.q_proj', hidden, heads * headDim, qkvBias),
      site('self_attn.k_proj', hidden, kvHeads * headDim, qkvBias),
      site('self_attn.v_proj', hidden, kvHeads * headDim, qkvBias),
      site('self_attn.o_proj', heads * headDim, hidden, outputBias),
      site('mlp.gate_proj', hidden, intermediate, mlpBias),
      site('mlp.up_proj', hidden, intermediate, mlpBias),
      site('mlp.down_proj', intermediate, hidden, mlpBias),
    ];
  }).flat();
}

/** The tensor the logits are computed with: the embeddings themselves where they are tied. [vocabulary, hidden]. */
export const headWeight = (config: LlamaConfig): string =>
  config.tied ? 'model.embed_tokens.weight' : 'lm_head.weight';

/** A Llama-type decoder. ids: [tokens] -> hidden states [tokens, hidden] before the final norm. */
export function llama(net: Network, config: LlamaConfig, ids: Value, attend: Attend): Value {
  const sites = linearSites(config);
  let x = net.g.gather(net.weight('model.embed_tokens.weight'), ids);
  for (let layer = 0; layer < config.layers; layer++) {
    net.g.segment = layer;
    x = decoderLayer(net, config, layer, sites.slice(layer * 7, layer * 7 + 7), x, attend);
  }
  net.g.segment = undefined;
  return x;
}

function decoderLayer(
  net: Network,
  config: LlamaConfig,
  layer: number,
  sites: LinearSite[],
  x: Value,
  attend: Attend,
): Value {
  const { g } = net;
  const [q, k, v, o, gate, up, down] = sites as [
    LinearSite,
    LinearSite,
    LinearSite,
    LinearSite,
    LinearSite,
    LinearSite,
    LinearSite,
  ];
  const path = `model.layers.${String(layer)}`;
  const h = norm(net, config, `${path}.input_layernorm`, x);
  const attended = attend(layer, net.linear(q, h), net.linear(k, h), net.linear(v, h));
  const y = g.add(x, net.linear(o, attended));
  const m = norm(net, config, `${path}.post_attention_layernorm`, y);
  return g.add(y, net.linear(down, g.mul(g.op(silu, [net.linear(gate, m)]), net.linear(up, m))));
}

/** RMS norm with the weight at a path. x: [n, hidden]. */
export function norm(net: Network, config: LlamaConfig, path: string, x: Value): Value {
  return net.g.op(rmsNorm, [x, net.weight(`${path}.weight`)], { epsilon: { float: config.normEpsilon } });
}

/** The final norm of the rows the loss or the next token needs. x: [n, hidden]. */
export const finalNorm = (net: Network, config: LlamaConfig, x: Value): Value => norm(net, config, 'model.norm', x);
