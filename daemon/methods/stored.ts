import type { NamedTensor } from '../layout.ts';
import type { LinearSite } from '../models/adaptation.ts';
import { VeraError } from '../protocol/errors.ts';
import type { FrozenTensor, MethodOptions } from './method.ts';
import { adapterMethod } from './registry.ts';

/** What the catalog must know about an adapter: its tensors and the method's frozen tensors. The catalog itself knows no method. */
export interface StoredForm {
  readonly tensors: readonly NamedTensor[];
  /** `head`: what the hash of the frozen tensors covers before their bytes. */
  readonly frozen?: { readonly head: string; readonly tensors: readonly NamedTensor[] };
}

/**
 * The form of an adapter whose options are not checked yet. Throws VeraError 'usage' for an unknown method, and 'adapter' for
 * options that the method cannot have.
 */
export function storedForm(name: string, sites: readonly LinearSite[], options: MethodOptions): StoredForm {
  const method = adapterMethod(name);
  for (const setting of method.options) {
    const value = options[setting.name];
    if (setting.kind !== 'number') continue;
    if (setting.whole && !Number.isSafeInteger(value))
      throw new VeraError('adapter', `its ${setting.label.toLowerCase()} is not a whole number`);
    if (value !== undefined && !Number.isFinite(value))
      throw new VeraError('adapter', `its ${setting.label.toLowerCase()} is not a number`);
  }
  const frozen = method.frozen?.tensors(sites, options);
  return {
    tensors: method.tensors(sites, options),
    ...(method.frozen && frozen ? { frozen: { head: method.frozen.hashHead(frozen), tensors: frozen } } : {}),
  };
}

/** The adapter's own frozen tensors in the form that the catalog stores; undefined if it has none. */
export function storedFrozen(
  name: string,
  tensors: readonly FrozenTensor[] | undefined,
): { head: string; tensors: readonly FrozenTensor[] } | undefined {
  const { frozen } = adapterMethod(name);
  return tensors && frozen && { head: frozen.hashHead(tensors), tensors };
}
