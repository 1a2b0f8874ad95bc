import type { Adapter } from '../export/adapter.ts';
import { openAdapter as open } from '../export/openAdapter.ts';
import { cacheFolder } from '../home.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import type { BaseModel } from '../models/base.ts';
import { adapterFolder } from './adapterFolder.ts';

interface Opened {
  adapter: Adapter;
  adaptation: MethodAdaptation;
  base: BaseModel;
}

/** Opens an adapter's folder and its base, and shows progress on the terminal. */
export const openFolder = (dir: string, base: string | undefined): Promise<Opened> =>
  open(dir, base, { cache: cacheFolder(), onProgress: showProgress });

/** Opens an adapter (a folder, or one of the catalog) and its base. */
export const openAdapter = async (adapter: string, base: string | undefined): Promise<Opened> =>
  openFolder(await adapterFolder(adapter), base);

/** Shows progress on the terminal's standard error, in one line that is overwritten. */
export function showProgress(text: string, fraction: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[K${fraction < 1 ? `${text} ${Math.floor(fraction * 100)} %` : ''}`);
}
