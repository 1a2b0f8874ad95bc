import { VeraError } from '../protocol/errors.ts';
import { full } from './full.ts';
import { lora } from './lora.ts';
import type { Method } from './method.ts';
import { vera } from './vera.ts';

/** Every method there is. A new one is a file beside this and a line here. */
export const METHODS: readonly Method[] = [vera, lora, full];

export function methodNamed(name: string): Method {
  const found = METHODS.find((method) => method.name === name);
  if (!found)
    throw new VeraError(
      'usage',
      `method ${JSON.stringify(name)} is unknown; there are ${METHODS.map((m) => m.name).join(', ')}`,
    );
  return found;
}
