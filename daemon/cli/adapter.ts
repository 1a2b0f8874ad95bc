import type { Adapter } from '../export/adapter.ts';
import { openAdapter as open } from '../export/openAdapter.ts';
import { cacheFolder } from '../home.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import type { BaseModel } from '../models/base.ts';

/** Opens an adapter and its base, and says on the terminal what takes long. */
export const openAdapter = (
  dir: string,
  given: string | undefined,
): Promise<{ adapter: Adapter; adaptation: MethodAdaptation; base: BaseModel }> =>
  open(dir, given, { cache: cacheFolder(), onProgress: showProgress });

/** Says what takes long on a terminal's standard error, one line that writes over itself. */
export function showProgress(text: string, fraction: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[K${fraction < 1 ? `${text} ${Math.floor(fraction * 100)} %` : ''}`);
}
