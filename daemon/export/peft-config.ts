import { quote } from '../formats/quote.ts';
import type { LinearMethod, MethodOptions } from '../methods/method.ts';
import type { PeftReader } from '../methods/peftForm.ts';
import { LINEAR_METHODS } from '../methods/registry.ts';
import type { LinearSite } from '../models/adaptation.ts';
import { VeraError } from '../protocol/errors.ts';

/** The version of PEFT whose keys are written. */
const PEFT_VERSION = '0.21.2';

/** What adapter_config.json says about an adapter that this program can use. */
export interface PeftSettings {
  readonly method: LinearMethod;
  readonly options: MethodOptions;
  /** Whether it promises the method's frozen tensors beside it. */
  readonly promisesFrozen: boolean;
}

/** adapter_config.json for PEFT 0.21.2. `stored`: whether the method's frozen tensors are stored beside it. */
export function peftConfig(
  method: LinearMethod,
  adapter: { options: MethodOptions; sites: readonly LinearSite[]; basePath?: string },
  stored: boolean,
): Record<string, unknown> {
  return {
    peft_type: method.peft.type,
    auto_mapping: null,
    base_model_name_or_path: adapter.basePath ?? null,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    layers_pattern: null,
    ...targetModules(adapter.sites),
    modules_to_save: null,
    peft_version: PEFT_VERSION,
    r: undefined, // reserves the place of the key; a method without a rank leaves it out
    revision: null,
    task_type: 'CAUSAL_LM',
    ...method.peft.write(adapter.options, stored),
  };
}

/**
 * The adapted layers as PEFT names them: the names of the modules and the numbers of the layers. If not every layer has the
 * same modules, each whole path is named instead. Either way, PEFT adapts exactly these layers, whatever the model is.
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

/** Keys of every method that make the adapter something other than an update of linear layers if they are set. */
const REFUSED: Readonly<Record<string, string>> = {
  modules_to_save: 'it replaces whole layers of the base; train it again without them',
};

/** Keys of every method that do not change what the adapter computes, or that are read here or when layers are matched. */
const KNOWN: readonly string[] = [
  ...['peft_type', 'target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern', 'bias'],
  ...['auto_mapping', 'base_model_name_or_path', 'revision', 'task_type', 'inference_mode', 'peft_version'],
  // It is for layers that store their weight transposed. Torch's linear layers do not, and PEFT ignores the key for them.
  'fan_in_fan_out',
  'ensure_weight_tying',
];

const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== false &&
  !(typeof value === 'object' && Object.keys(value).length === 0);

/** Reads adapter_config.json as PEFT does. `file` is shown in errors. Throws VeraError 'adapter', whose message names the key. */
export function readPeftConfig(config: Record<string, unknown>, file: string): PeftSettings {
  const reader = readerOf(config, file);
  const type = config['peft_type'];
  const method = LINEAR_METHODS.find(({ peft }) => peft.type === type);
  if (!method) {
    const types = LINEAR_METHODS.map(({ peft }) => peft.type).join(' and ');
    throw new VeraError('adapter', `${quote(file)}: peft_type ${shown(type)} is not supported; supported are ${types}`);
  }
  const { peft } = method;
  const known = new Set([...KNOWN, ...peft.known]);
  const refused = new Map(Object.entries({ ...REFUSED, ...peft.refused }));
  for (const [name, value] of Object.entries(config)) {
    if (known.has(name) || !isSet(value)) continue;
    reader.refuse(name, value, refused.get(name) ?? 'it is not known here, so its effect would be lost');
  }
  const bias = config['bias'] ?? 'none';
  if (bias !== 'none') reader.refuse('bias', bias, 'it replaces biases of the base; train with "none"');
  return { method, options: peft.read(reader), promisesFrozen: peft.promisesFrozen?.(reader) ?? false };
}

function readerOf(config: Record<string, unknown>, file: string): PeftReader {
  const fail = (message: string): never => {
    throw new VeraError('adapter', `${quote(file)}: ${message}`);
  };
  const number: PeftReader['number'] = (key, fallback, allowed, what) => {
    const value = config[key] ?? fallback;
    return typeof value === 'number' && allowed(value)
      ? value
      : fail(`"${key}" has to be ${what}, not ${shown(value)}`);
  };
  const isSize = (value: number): boolean => Number.isSafeInteger(value) && value > 0;
  return {
    value: (key) => config[key],
    number,
    size: (key, fallback) => number(key, fallback, isSize, 'a positive whole number'),
    dropout: (key) => number(key, 0, (p) => p >= 0 && p < 1, 'a number from 0 to below 1'),
    refuse: (key, value, why) => fail(`${quote(key)} ${shown(value)} is not supported: ${why}`),
  };
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? quote(value) : (JSON.stringify(value)?.slice(0, 120) ?? 'missing');
