import { loadAdapter, statedBase } from '../export/adapter.ts';
import type { Adapter } from '../export/adapter.ts';
import { quote } from '../formats/quote.ts';
import { cacheFolder } from '../home.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import type { BaseModel } from '../models/base.ts';
import { resolveBase } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';

/** Opens an adapter and its base: the one given, or the one the adapter says it was trained on. */
export async function openAdapter(
  dir: string,
  given: string | undefined,
): Promise<{ adapter: Adapter; adaptation: MethodAdaptation; base: BaseModel }> {
  const spec = given ?? statedBase(dir);
  if (spec === undefined) throw new VeraError('usage', `${quote(dir)} does not say which base it is for: pass --base`);
  const base = await resolveBase(spec, { cache: cacheFolder(), onProgress: showProgress }).catch((error: unknown) => {
    if (given !== undefined || !(error instanceof VeraError)) throw error;
    const why = `the base that ${quote(dir)} names cannot be opened (pass --base): ${error.message}`;
    throw new VeraError(error.code, why, { cause: error });
  });
  return { ...loadAdapter(dir, base), base };
}

/** Says what takes long on a terminal's standard error, one line that writes over itself. */
export function showProgress(text: string, fraction: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[K${fraction < 1 ? `${text} ${Math.floor(fraction * 100)} %` : ''}`);
}
