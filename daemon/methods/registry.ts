import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';
import { full } from './full.ts';
import { lora } from './lora.ts';
import type { LinearMethod, Method } from './method.ts';
import { vera } from './vera.ts';

/** Every method. To add one, write a file beside this one and add a line here. A run without a given method takes the first. */
export const METHODS: readonly Method[] = [vera, lora, full];

/** Those that make adapters. */
export const LINEAR_METHODS: readonly LinearMethod[] = METHODS.filter((method) => method.adapts === 'linear');

export function methodNamed(name: string): Method {
  const found = METHODS.find((method) => method.name === name);
  if (!found)
    throw new VeraError(
      'usage',
      `method ${quote(name)} is unknown; there are ${METHODS.map((method) => method.name).join(', ')}`,
    );
  return found;
}

/** The method of an adapter. Throws VeraError 'usage' for an unknown name, and for a method that makes no adapters. */
export function adapterMethod(name: string): LinearMethod {
  const method = methodNamed(name);
  if (method.adapts !== 'linear') throw new VeraError('usage', `${method.label} makes a model, not an adapter`);
  return method;
}

/** The methods that others are compared with, and their ranks. */
export const BASELINES: readonly { readonly method: LinearMethod; readonly ranks: readonly number[] }[] =
  LINEAR_METHODS.flatMap((method) => (method.baseline ? [{ method, ranks: method.baseline }] : []));
