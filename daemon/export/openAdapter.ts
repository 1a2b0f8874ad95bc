import { quote } from '../formats/quote.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import type { BaseModel } from '../models/base.ts';
import { resolveBase, type ResolveOptions } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import { type Adapter, loadAdapter, statedBase } from './adapter.ts';

/** Opens an adapter's folder and its base: the given base, or the one that the folder says it was trained on. */
export async function openAdapter(
  dir: string,
  given: string | undefined,
  options: ResolveOptions,
): Promise<{ adapter: Adapter; adaptation: MethodAdaptation; base: BaseModel }> {
  const spec = given ?? statedBase(dir);
  if (spec === undefined)
    throw new VeraError('usage', `${quote(dir)} does not say which base model it is for; choose one`, {
      settings: ['base'],
    });
  const base = await resolveBase(spec, options).catch((error: unknown) => {
    if (given !== undefined || !(error instanceof VeraError)) throw error;
    const why = `the base model that ${quote(dir)} names cannot be opened; choose one: ${error.message}`;
    throw new VeraError(error.code, why, { cause: error, settings: ['base'] });
  });
  return { ...loadAdapter(dir, base), base };
}
