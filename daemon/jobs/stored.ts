import { adapterContent } from '../catalog/adapters.ts';
import type { Catalog } from '../catalog/open.ts';
import { type Adapter, saveAdapter } from '../export/adapter.ts';
import { optionsOf } from '../methods/options.ts';
import { adapterMethod } from '../methods/registry.ts';

/**
 * Writes an adapter of the catalog as a PEFT folder that must not exist yet. `projection`: with VeRA's A and B. An adapter whose
 * A and B do not come from its key always gets them. Throws VeraError 'catalog' for damaged vectors, 'usage', 'io'.
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
    ...{
      method,
      targets,
      theta,
      options: { ...optionsOf(adapterMethod(method), options), ...options },
      sites: sites.map((site) => ({ ...site })),
    },
    ...{ baseFingerprint: base.fingerprint, basePath: base.spec },
    ...(content.frozen ? { frozen: content.frozen.tensors } : {}),
  };
  await saveAdapter(dir, adapter, { projection: projection || content.frozen !== undefined });
}
