import { adapterContent } from '../catalog/adapters.ts';
import type { Catalog } from '../catalog/open.ts';
import { type Adapter, saveAdapter } from '../export/adapter.ts';
import { DEFAULTS } from '../methods/method.ts';

/**
 * Writes an adapter of the catalog as a PEFT folder that must not exist yet. `projection`: with VeRA's A and B; an adapter
 * whose own are not those of its key always has them. Throws VeraError 'catalog' for damaged vectors, 'usage', 'io'.
 */
export async function saveStored(
  { db }: Pick<Catalog, 'db'>,
  id: number,
  dir: string,
  { projection }: { projection: boolean },
): Promise<void> {
  const content = await adapterContent(db, id);
  const { method, options, sites, targets, theta, base } = content;
  const adapter: Adapter = {
    ...{ method, targets, theta, options: { ...DEFAULTS, ...options }, sites: sites.map((site) => ({ ...site })) },
    ...{ baseFingerprint: base.fingerprint, basePath: base.spec },
    ...(content.projection === undefined ? {} : { projection: content.projection }),
  };
  await saveAdapter(dir, adapter, { projection: projection || content.projection !== undefined });
}
