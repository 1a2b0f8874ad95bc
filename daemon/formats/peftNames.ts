import { VeraError } from '../protocol/errors.ts';
import { PREFIX } from './adapterFile.ts';
import { quote } from './quote.ts';

/** Parts of a tensor's name that say how the model was wrapped while it trained: torch.compile, DDP, FSDP, checkpointing. */
const WRAPPERS: ReadonlySet<string> = new Set([
  '_orig_mod',
  'module',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
  '_forward_module',
]);

/** What stands before the layers: PEFT's own names, and those of Llama-like models with and without their head. */
const BEFORE: ReadonlySet<string> = new Set(['base_model', 'model', 'transformer']);

/**
 * The name that PEFT gives to a tensor of a layer, without the parts that wrappers add:
 * `_orig_mod.base_model.model.model.layers.0...` and `model.layers.0...` -> `base_model.model.model.layers.0...`. Other names
 * stay as they are, and are judged by whoever reads the adapter.
 */
function plainName(name: string): string {
  const parts = name.split('.').filter((part) => !WRAPPERS.has(part));
  const layers = parts.indexOf('layers');
  if (layers < 0 || !parts.slice(0, layers).every((part) => BEFORE.has(part))) return parts.join('.');
  return `${PREFIX}model.${parts.slice(layers).join('.')}`;
}

/** The tensors by their plain names. Throws VeraError 'adapter' where two have the same one. */
export function withPlainNames<T>(tensors: ReadonlyMap<string, T>, dir: string): Map<string, T> {
  const plain = new Map<string, T>();
  for (const [name, tensor] of tensors) {
    const short = plainName(name);
    if (plain.has(short))
      throw new VeraError(
        'adapter',
        `${quote(dir)}: tensor ${quote(name)} is there twice, under two prefixes; save the adapter again`,
      );
    plain.set(short, tensor);
  }
  return plain;
}

/**
 * Takes the adapter's own name out of the names of tensors, where someone saved the state of the model by hand:
 * `...lora_A.default.weight` -> `...lora_A.weight`. `expected`: the names that the method gives. Throws VeraError 'adapter' for
 * a file with several adapters.
 */
export function withoutAdapterName<T>(
  tensors: ReadonlyMap<string, T>,
  expected: ReadonlySet<string>,
  dir: string,
): Map<string, T> {
  const own = new Set<string>();
  const renamed = new Map<string, T>();
  for (const [name, tensor] of tensors) {
    const [short, adapter] = expected.has(name) ? [name, ''] : split(name, expected);
    if (adapter !== '') own.add(adapter);
    if (renamed.has(short) || own.size > 1)
      throw new VeraError(
        'adapter',
        `${quote(dir)}: it holds several adapters (${[...own].map(quote).join(', ')}); save the one you want alone, with save_pretrained(folder, selected_adapters=[name])`,
      );
    renamed.set(short, tensor);
  }
  return renamed;
}

/** The expected name and the part that was left out of it; the name itself and '' if none fits. */
function split(name: string, expected: ReadonlySet<string>): [string, string] {
  const parts = name.split('.');
  for (const at of [parts.length - 1, parts.length - 2]) {
    const without = parts.toSpliced(at, 1).join('.');
    if (at > 0 && expected.has(without)) return [without, parts[at] as string];
  }
  return [name, ''];
}
