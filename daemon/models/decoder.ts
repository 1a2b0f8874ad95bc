/**
 * Building blocks that most decoders share: a stack of layers, each of which adds a normed attention and a normed gated MLP to
 * the residual stream. Families compose them, and each says in its own file how its layers differ.
 */
import { rmsNorm as rmsNormOperator } from '../graph/ops/rmsNorm.ts';
import { silu } from '../graph/ops/silu.ts';
import type { Value } from '../graph/value.ts';
import { VeraError } from '../protocol/errors.ts';
import type { LinearSite } from './adaptation.ts';
import type { ModelConfig, ModelTensor, Role } from './model.ts';
import type { Network } from './network.ts';
import { type Rope, ropeOf } from './rope.ts';

/** Sizes and settings of such a decoder. */
export interface DecoderConfig extends ModelConfig, Rope {
  readonly intermediate: number;
  readonly heads: number;
  readonly normEpsilon: number;
  /** Biases on q, k and v, on the attention's output, and in the MLP. */
  readonly qkvBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
}

/** What families read from config.json in different ways. */
export interface DecoderTraits extends Pick<DecoderConfig, 'qkvBias' | 'outputBias' | 'mlpBias'> {
  /** Tokens that a layer looks back; undefined or null for all. Inside the window sliding attention is full attention, so shorter rows are exact. */
  readonly window?: unknown;
  /** What transformers takes where config.json does not have a size. */
  readonly standard?: Readonly<Record<string, number>>;
}

/** The window of Qwen's dense models: it counts if it is switched on and some layer slides. */
export function qwenWindow(json: Readonly<Record<string, unknown>>): unknown {
  const { use_sliding_window, sliding_window = 4096, max_window_layers = 28, layer_types, num_hidden_layers } = json;
  if (use_sliding_window !== true) return undefined;
  const slides = Array.isArray(layer_types)
    ? layer_types.includes('sliding_attention')
    : Number(max_window_layers) < Number(num_hidden_layers);
  return slides ? sliding_window : undefined;
}

/** Reads the fields of config.json that decoders share. Throws VeraError 'model', naming `file`. */
export function decoderConfig(
  json: Readonly<Record<string, unknown>>,
  file: string,
  { window, standard = {}, ...biases }: DecoderTraits,
): DecoderConfig {
  const wrong = (what: string): VeraError => new VeraError('model', `${file}: ${what}`);
  const size = (name: string, fallback?: number): number => {
    // Null in place of a size is not the same as its absence: null heads of keys are as many as those of queries.
    const value = (json[name] === undefined ? standard[name] : json[name]) ?? fallback;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0)
      throw wrong(`${name} must be a positive whole number, not ${JSON.stringify(value)}`);
    return value;
  };
  const activation = json['hidden_act'] ?? 'silu';
  if (activation !== 'silu' && activation !== 'swish')
    throw wrong(`hidden_act ${JSON.stringify(activation)} is not supported; supported is "silu"`);
  const heads = size('num_attention_heads');
  const grouped = size('num_key_value_heads', heads);
  const length = size('max_position_embeddings', 2048);
  const config = {
    architecture: String((json['architectures'] as unknown[])[0]),
    vocabulary: size('vocab_size'),
    hidden: size('hidden_size'),
    intermediate: size('intermediate_size'),
    layers: size('num_hidden_layers'),
    heads,
    // A standard that cannot be meant: older files leave the key out where every head has keys of its own.
    kvHeads: json['num_key_value_heads'] === undefined && heads % grouped !== 0 ? heads : grouped,
    headDim: size('head_dim', Math.floor(size('hidden_size') / heads)),
    normEpsilon: Number(json['rms_norm_eps'] ?? 1e-6),
    maxLength: typeof window === 'number' && window > 0 ? Math.min(length, window) : length,
    tied: json['tie_word_embeddings'] === true,
    ...biases,
    ...ropeOf(json, file),
  };
  if (config.heads % config.kvHeads !== 0)
    throw wrong(`${config.heads} attention heads do not divide among ${config.kvHeads} key-value heads`);
  return config;
}

/** The modules of a layer: paths of its norms and its linear layers. */
export interface DecoderLayer {
  readonly index: number;
  readonly path: string;
  readonly inputNorm: string;
  readonly q: LinearSite;
  readonly k: LinearSite;
  readonly v: LinearSite;
  readonly o: LinearSite;
  readonly mlpNorm: string;
  readonly gate: LinearSite;
  readonly up: LinearSite;
  readonly down: LinearSite;
}

/** The modules of one layer, with Hugging Face's names. */
function decoderLayer(config: DecoderConfig, index: number): DecoderLayer {
  const { hidden, intermediate, heads, kvHeads, headDim, qkvBias, outputBias, mlpBias } = config;
  const path = `model.layers.${index}`;
  const site = (name: string, dIn: number, dOut: number, bias: boolean): LinearSite => ({
    path: `${path}.${name}`,
    layer: index,
    dIn,
    dOut,
    bias,
  });
  return {
    index,
    path,
    inputNorm: `${path}.input_layernorm`,
    q: site('self_attn.q_proj', hidden, heads * headDim, qkvBias),
    k: site('self_attn.k_proj', hidden, kvHeads * headDim, qkvBias),
    v: site('self_attn.v_proj', hidden, kvHeads * headDim, qkvBias),
    o: site('self_attn.o_proj', heads * headDim, hidden, outputBias),
    mlpNorm: `${path}.post_attention_layernorm`,
    gate: site('mlp.gate_proj', hidden, intermediate, mlpBias),
    up: site('mlp.up_proj', hidden, intermediate, mlpBias),
    down: site('mlp.down_proj', intermediate, hidden, mlpBias),
  };
}

export const decoderSites = (config: DecoderConfig): LinearSite[] =>
  Array.from({ length: config.layers }, (_, index) => {
    const { q, k, v, o, gate, up, down } = decoderLayer(config, index);
    return [q, k, v, o, gate, up, down];
  }).flat();

export const normTensor = (path: string, size: number): ModelTensor => ({
  name: `${path}.weight`,
  shape: [size],
  role: 'norm',
});

/** The weight of a linear layer, and its bias if it has one. */
function linearTensors({ path, dIn, dOut, bias }: LinearSite, role: Role = 'matrix'): ModelTensor[] {
  const weight: ModelTensor = { name: `${path}.weight`, shape: [dOut, dIn], role };
  return bias ? [weight, { name: `${path}.bias`, shape: [dOut], role: 'bias' }] : [weight];
}

/** Every tensor of the model. `more`: tensors of a layer that only this family has. */
export function* decoderTensors(
  config: DecoderConfig,
  more: (layer: DecoderLayer) => readonly ModelTensor[] = () => [],
): Iterable<ModelTensor> {
  const { vocabulary, hidden, layers, tied } = config;
  yield { name: EMBEDDINGS, shape: [vocabulary, hidden], role: 'embedding' };
  for (let index = 0; index < layers; index++) {
    const layer = decoderLayer(config, index);
    yield normTensor(layer.inputNorm, hidden);
    for (const site of [layer.q, layer.k, layer.v]) yield* linearTensors(site);
    yield* linearTensors(layer.o, 'residual');
    yield* more(layer);
    yield normTensor(layer.mlpNorm, hidden);
    for (const site of [layer.gate, layer.up]) yield* linearTensors(site);
    yield* linearTensors(layer.down, 'residual');
  }
  yield normTensor(FINAL_NORM, hidden);
  if (!tied) yield { name: 'lm_head.weight', shape: [vocabulary, hidden], role: 'head' };
}

const EMBEDDINGS = 'model.embed_tokens.weight';
const FINAL_NORM = 'model.norm';

/** Runs the layers one after the other, each in its own segment of the graph. ids: [tokens] -> [tokens, hidden] before the final norm. */
export function decode(
  net: Network,
  config: DecoderConfig,
  ids: Value,
  run: (layer: DecoderLayer, x: Value) => Value,
): Value {
  let x = net.g.gather(net.weight(EMBEDDINGS), ids);
  for (let index = 0; index < config.layers; index++) {
    net.g.segment = index;
    x = run(decoderLayer(config, index), x);
  }
  net.g.segment = undefined;
  return x;
}

/** RMS norm with the weight at a path. x: [n, d] -> [n, d]. */
export const rmsNorm = (net: Network, { normEpsilon }: DecoderConfig, path: string, x: Value): Value =>
  net.g.op(rmsNormOperator, [x, net.weight(`${path}.weight`)], { epsilon: { float: normEpsilon } });

/** The norm before the head. x: [n, hidden]. */
export const finalNorm = (net: Network, config: DecoderConfig, x: Value): Value => rmsNorm(net, config, FINAL_NORM, x);

/** The MLP with a gate, SwiGLU (arXiv 2002.05202): down(silu(gate x) * up x). x: [n, hidden] -> [n, hidden]. */
export function gatedMlp(net: Network, { gate, up, down }: DecoderLayer, x: Value): Value {
  const { g } = net;
  return net.linear(down, g.mul(g.op(silu, [net.linear(gate, x)]), net.linear(up, x)));
}
