import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VeraError } from '../protocol/errors.ts';
import { quote } from './quote.ts';
import { readExactly, withFile } from './read.ts';

const CONFIG = 'adapter_config.json';
const SHOWN = 5; // a trainer may leave hundreds of checkpoints

/** What a place without adapter_config.json is, and what to choose instead. */
export function notAdapter(place: string): VeraError {
  return new VeraError('adapter', `${quote(place)} ${whatInstead(place)}`);
}

/** Refuses an adapter_config.json that another program than PEFT wrote. Throws VeraError 'adapter'. */
export function refuseOtherConfig(config: Readonly<Record<string, unknown>>, dir: string): void {
  if (typeof config['peft_type'] === 'string') return;
  if (['fine_tune_type', 'lora_parameters', 'lora_layers', 'num_layers'].some((key) => config[key] !== undefined))
    throw new VeraError(
      'adapter',
      `${quote(dir)} is an adapter of mlx-lm (adapters.safetensors), not a PEFT folder; fuse it into its unquantised model with mlx-lm and use that model as the base, or train it again with PEFT`,
    );
}

function whatInstead(place: string): string {
  const status = statSync(place, { throwIfNoEntry: false });
  if (status === undefined) return 'is not there';
  if (status.isFile()) return aFile(place, status.size);
  const names = readdirSync(place).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const inside = names.filter((name) => existsSync(join(place, name, CONFIG)));
  if (inside.length > 0) {
    const shown = inside.slice(-SHOWN).map(quote).join(', ');
    const earlier = inside.length > SHOWN ? ` and ${inside.length - SHOWN} earlier ones` : '';
    return inside.length === 1
      ? `has no ${CONFIG}, but its folder ${shown} has; choose that folder`
      : `has no ${CONFIG}, but its folders have: ${shown}${earlier}; choose one of them`;
  }
  const has = (name: string): boolean => names.includes(name);
  if (has('config.json'))
    return `is a whole model, not an adapter: it has config.json and no ${CONFIG}; choose it as the base model`;
  if (has('adapters.safetensors'))
    return `has an adapter of mlx-lm (adapters.safetensors) without its ${CONFIG}; only PEFT folders can be read`;
  if (has('pytorch_lora_weights.safetensors'))
    return 'is a LoRA of diffusers, for image models; only adapters of language models can be read';
  if (has('adapter_model.safetensors') || has('adapter_model.bin'))
    return `is no adapter: it has no ${CONFIG}; copy that file from the place where the adapter comes from`;
  const file = names.find((name) => /\.gguf$/i.test(name));
  if (file !== undefined) return `is no adapter: it has no ${CONFIG}, and ${quote(file)} is not of PEFT; ${FROM_PEFT}`;
  return `is no adapter: it has no ${CONFIG}`;
}

const FROM_PEFT = 'use the PEFT folder that it was converted from';

/** An adapter is a folder. What a person chose instead is named. */
function aFile(file: string, size: number): string {
  const head = size < 4 ? '' : Buffer.from(withFile(file, (fd) => readExactly(fd, file, 0, 4))).toString('latin1');
  if (head === 'GGUF') return `is a GGUF file, such as llama.cpp makes of an adapter; ${FROM_PEFT}`;
  return `is a file; an adapter is a folder with ${CONFIG} and adapter_model.safetensors`;
}
