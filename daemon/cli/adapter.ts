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

/** Opens an adapter's folder and its base, and says on the terminal what takes long. */
export const openFolder = (dir: string, base: string | undefined): Promise<Opened> =>
  open(dir, base, { cache: cacheFolder(), onProgress: showProgress });

/** Opens an adapter, a folder or one of the catalog, and its base. */
export const openAdapter = async (adapter: string, base: string | undefined): Promise<Opened> =>
  openFolder(await adapterFolder(adapter), base);

/** Says what takes long on a terminal's standard error, one line that writes over itself. */
export function showProgress(text: string, fraction: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[K${fraction < 1 ? `${text} ${Math.floor(fraction * 100)} %` : ''}`);
}
