import type { TensorEntry } from '../formats/safetensors.ts';
import { isObject } from '../formats/json.ts';
import { VeraError } from '../protocol/errors.ts';

/** Names of `quant_method` in config.json (transformers, `QuantizationMethod`), as people write them. */
const METHODS: Readonly<Record<string, string>> = {
  aqlm: 'AQLM',
  'auto-round': 'AutoRound',
  awq: 'AWQ',
  bitnet: 'BitNet',
  bitsandbytes: 'bitsandbytes',
  'compressed-tensors': 'compressed-tensors',
  eetq: 'EETQ',
  fbgemm_fp8: 'FP8',
  fp8: 'FP8',
  fp_quant: 'FP-Quant',
  gptq: 'GPTQ',
  higgs: 'HIGGS',
  hqq: 'HQQ',
  modelopt: "NVIDIA's ModelOpt",
  mxfp4: 'MXFP4',
  quanto: 'Quanto',
  quark: "AMD's Quark",
  sinq: 'SINQ',
  spqr: 'SpQR',
  torchao: 'torchao',
  vptq: 'VPTQ',
};

/** Endings of tensor names that only quantised checkpoints have, the surest first. */
const TENSORS: readonly (readonly [RegExp, string])[] = [
  [/\.weight\.(absmax|quant_map|nested_absmax)$|\.quant_state\.bitsandbytes__\w+$/, 'bitsandbytes (4 bit)'],
  [/\.SCB$/, 'bitsandbytes (8 bit)'],
  [/\.g_idx$/, 'GPTQ'],
  [/\.qweight$/, 'GPTQ or AWQ'],
  [/\.weight_packed$/, 'compressed-tensors'],
  [/\.(weight_scale|weight_scale_inv|weight_scale_2)$/, 'FP8'],
  [/_proj_?(blocks|scales)$|\.weight_blocks$/, 'MXFP4'],
  [/\.W_q$/, 'HQQ'],
  [/\.weight\._(data|scale)$/, 'Quanto'],
  [/_proj\.(scales|biases)$|^model\.embed_tokens\.(scales|biases)$/, "Apple's MLX"],
];

/** Refuses a config.json of quantised weights. Throws VeraError 'model', naming `file` and how they are quantised. */
export function refuseQuantised(json: Readonly<Record<string, unknown>>, file: string): void {
  const given = json['quantization_config'] ?? json['compression_config'] ?? json['quantization'];
  if (!isObject(given)) return;
  throw quantisedError(file, methodOf(given, json));
}

/** How the weights with these tensors are quantised; undefined if they are plain. */
export function quantisationOf(tensors: ReadonlyMap<string, TensorEntry>): string | undefined {
  const names = [...tensors.keys()];
  for (const [ending, method] of TENSORS) if (names.some((name) => ending.test(name))) return method;
  return [...tensors.values()].some(({ dtype }) => dtype.startsWith('F8_')) ? 'FP8' : undefined;
}

export const quantisedError = (place: string, method: string): VeraError =>
  new VeraError(
    'model',
    `${place}: the weights are quantised with ${method}, which cannot be trained on here; use the model that it was made from${originalName(place)}, in float32, float16 or bfloat16, or a GGUF file of it`,
  );

function methodOf(given: Readonly<Record<string, unknown>>, json: Readonly<Record<string, unknown>>): string {
  const method = given['quant_method'] ?? given['quant_algo'];
  // MLX writes the group size and the bits alone, under two names.
  if (typeof method !== 'string')
    return `${isObject(json['quantization']) ? "Apple's MLX" : 'an unknown method'}${bitsOf(given)}`;
  const name = METHODS[method] ?? method.slice(0, 40);
  const format = given['format'];
  return `${name}${typeof format === 'string' ? ` (${format.slice(0, 40)})` : bitsOf(given)}`;
}

function bitsOf(given: Readonly<Record<string, unknown>>): string {
  if (given['load_in_4bit'] === true || given['_load_in_4bit'] === true) return ' (4 bit)';
  if (given['load_in_8bit'] === true || given['_load_in_8bit'] === true) return ' (8 bit)';
  const bits = given['bits'] ?? given['w_bit'];
  return typeof bits === 'number' ? ` (${bits} bit)` : '';
}

/** What hubs append to the names of quantised copies. */
const ENDING =
  /(-unsloth)?-bnb-(4|8)bit$|-(GPTQ|AWQ|HQQ|AQLM|EXL2|INT4|INT8|FP8|NVFP4|MXFP4|w4a16|w8a8|quantized)([-.][\w.-]+)?$|-[2-8]bit$/i;

/** ' (Qwen2.5-0.5B)' for a folder such as `Qwen2.5-0.5B-bnb-4bit`, also inside the cache of the hub. */
function originalName(place: string): string {
  const folders = place.split(/[/\\]/).map((part) => part.split('--').at(-1) as string);
  const folder = folders.findLast((part) => ENDING.test(part));
  return folder === undefined ? '' : ` (probably called ${folder.replace(ENDING, '')})`;
}
