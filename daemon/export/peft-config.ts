import { quote } from '../formats/quote.ts';
import { DEFAULTS } from '../methods/method.ts';
import type { MethodOptions } from '../methods/method.ts';
import type { LinearSite } from '../models/adaptation.ts';
import { VeraError } from '../protocol/errors.ts';

/** The version of PEFT whose keys are written. */
const PEFT_VERSION = '0.21.2';

/** What adapter_config.json says of an adapter that this program can use. */
export interface PeftSettings {
  method: 'vera' | 'lora';
  options: MethodOptions;
}

/** adapter_config.json for PEFT 0.21.2. `projection`: whether A and B are stored beside it. */
export function peftConfig(
  adapter: { method: 'vera' | 'lora'; options: MethodOptions; sites: readonly LinearSite[]; basePath?: string },
  projection: boolean,
): Record<string, unknown> {
  const { method, options, sites } = adapter;
  const common = {
    auto_mapping: null,
    base_model_name_or_path: adapter.basePath ?? null,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    layers_pattern: null,
    ...targetModules(sites),
    modules_to_save: null,
    peft_version: PEFT_VERSION,
    r: options.rank,
    revision: null,
    task_type: 'CAUSAL_LM',
  };
  if (method === 'vera') {
    return {
      peft_type: 'VERA',
      ...common,
      d_initial: options.dInitial,
      init_weights: true,
      projection_prng_key: options.projectionKey,
      save_projection: projection,
      vera_dropout: options.dropout,
    };
  }
  return {
    peft_type: 'LORA',
    ...common,
    alpha_pattern: {},
    init_lora_weights: true,
    lora_alpha: options.alpha,
    lora_bias: false,
    lora_dropout: options.dropout,
    rank_pattern: {},
    use_dora: false,
    use_rslora: false,
  };
}

/**
 * The adapted layers as PEFT names them: the modules' names and the layers that have them, or, where not every layer has
 * the same ones, each whole path. Either way PEFT adapts these layers and no other, whatever model it is.
 */
function targetModules(sites: readonly LinearSite[]): {
  target_modules: string[];
  layers_to_transform: number[] | null;
} {
  const names = [...new Set(sites.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)))].sort();
  const layers = [...new Set(sites.map(({ layer }) => layer))];
  if (layers.every((layer) => layer !== undefined) && names.length * layers.length === sites.length) {
    return { target_modules: names, layers_to_transform: layers.sort((one, two) => one - two) };
  }
  return { target_modules: sites.map(({ path }) => path), layers_to_transform: null };
}

/** Settings that, where they are on, make the adapter something else than the plain method; with the reason. */
const REFUSED: Readonly<Record<string, string>> = {
  modules_to_save: 'it replaces whole layers of the base; train it again without them',
  use_dora: 'DoRA also rescales each weight; train plain LoRA',
  use_qalora: 'QALoRA pools its inputs; train plain LoRA',
  use_bdlora: 'block-diagonal LoRA is not supported; train plain LoRA',
  lora_bias: 'it adds a bias to B; train it again without',
  target_parameters: 'only linear layers are adapted here',
  trainable_token_indices: 'it replaces rows of the embeddings; train it again without',
  layer_replication: 'it changes the number of layers of the base',
  alora_invocation_tokens: 'an activated LoRA is on for a part of the tokens only',
  arrow_config: 'a mixture of adapters cannot be one update of the weights',
  monteclora_config: 'a Bayesian LoRA is not one update of the weights',
  velora_config: 'VeLoRA is not supported; train plain LoRA',
  kasa_config: 'KaSA is not supported; train plain LoRA',
  corda_config: 'CorDA changes the base; convert it to plain LoRA when saving',
  lora_ga_config: 'LoRA-GA changes the base; convert it to plain LoRA when saving',
};

/** Settings that say nothing of what the adapter computes, or are read here or where the layers are matched. */
const KNOWN = new Set([
  ...['peft_type', 'r', 'target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern', 'bias'],
  ...['auto_mapping', 'base_model_name_or_path', 'revision', 'task_type', 'inference_mode', 'peft_version'],
  ...['projection_prng_key', 'save_projection', 'd_initial', 'vera_dropout', 'init_weights'],
  ...['lora_alpha', 'lora_dropout', 'use_rslora', 'rank_pattern', 'alpha_pattern', 'init_lora_weights'],
  // For layers that store their weight transposed; torch's linear layers do not, and PEFT then ignores it too.
  'fan_in_fan_out',
  // How a LoRA was started, of those that leave the base as it is; names and sizes of what is refused above.
  ...['eva_config', 'megatron_core', 'megatron_config', 'qalora_group_size', 'loftq_config', 'runtime_config'],
  'ensure_weight_tying',
]);

/** Starts of LoRA that leave the base's weights as they are; the others subtract what A and B begin with. */
const PLAIN_STARTS: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'orthogonal', 'eva'];

const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== false &&
  !(typeof value === 'object' && Object.keys(value).length === 0);

/** Reads adapter_config.json as PEFT understands it; `file` is shown in errors. Throws VeraError 'adapter', naming the setting. */
export function readPeftConfig(config: Record<string, unknown>, file: string): PeftSettings {
  const fail = (message: string): never => {
    throw new VeraError('adapter', `${quote(file)}: ${message}`);
  };
  const type = config['peft_type'];
  if (type !== 'VERA' && type !== 'LORA') {
    return fail(`peft_type ${shown(type)} is not supported; supported are VERA and LORA`);
  }
  for (const [name, value] of Object.entries(config)) {
    if (KNOWN.has(name) || !isSet(value)) continue;
    const why = Object.hasOwn(REFUSED, name) ? REFUSED[name] : 'it is not known here, so its effect would be lost';
    fail(`${quote(name)} ${shown(value)} is not supported: ${why}`);
  }
  const bias = config['bias'] ?? 'none';
  if (bias !== 'none')
    fail(`"bias" ${shown(bias)} is not supported: it replaces biases of the base; train with "none"`);
  const number = (name: string, fallback: number, allowed: (value: number) => boolean, what: string): number => {
    const value = config[name] ?? fallback;
    return typeof value === 'number' && allowed(value)
      ? value
      : fail(`"${name}" has to be ${what}, not ${shown(value)}`);
  };
  const dropout = (name: string): number => number(name, 0, (p) => p >= 0 && p < 1, 'a number from 0 to below 1');
  const isSize = (value: number): boolean => Number.isSafeInteger(value) && value > 0;
  const rank = number('r', type === 'VERA' ? 256 : 8, isSize, 'a positive whole number');
  if (type === 'VERA') {
    const projectionKey = number('projection_prng_key', 0, Number.isSafeInteger, 'a whole number');
    const dInitial = number('d_initial', 0.1, Number.isFinite, 'a number');
    return {
      method: 'vera',
      options: { ...DEFAULTS, rank, projectionKey, dInitial, dropout: dropout('vera_dropout') },
    };
  }
  const start = config['init_lora_weights'];
  if (!PLAIN_STARTS.includes(start)) {
    fail(
      `"init_lora_weights" ${shown(start)} is not supported: it changes the base; convert it to plain LoRA when saving`,
    );
  }
  const alpha = number('lora_alpha', 8, Number.isFinite, 'a number');
  for (const [name, same] of [
    ['rank_pattern', rank],
    ['alpha_pattern', alpha],
  ] as const) {
    const other = Object.entries(config[name] ?? {}).find(([, value]) => value !== same);
    if (other)
      fail(
        `"${name}" ${shown(Object.fromEntries([other]))} is not supported: all layers must share one value, ${same}`,
      );
  }
  // Rank-stabilised LoRA (arXiv 2312.03732) scales by alpha / sqrt(r): the same as plain LoRA with a larger alpha.
  const scaled = config['use_rslora'] === true ? alpha * Math.sqrt(rank) : alpha;
  return { method: 'lora', options: { ...DEFAULTS, rank, alpha: scaled, dropout: dropout('lora_dropout') } };
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? quote(value) : (JSON.stringify(value)?.slice(0, 120) ?? 'missing');
