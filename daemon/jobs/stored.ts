import { adapterContent } from '../catalog/adapters.ts';
import type { Catalog } from '../catalog/open.ts';
import { runOfAdapter } from '../catalog/runs.ts';
import { type Adapter, saveAdapter } from '../export/adapter.ts';
import { optionsOf } from '../methods/options.ts';
import { adapterMethod } from '../methods/registry.ts';
import { type GivenSettings, storedSettings } from '../train/settings.ts';
import { trainedOn } from '../train/trainedOn.ts';

/**
 * Writes an adapter of the catalog as a PEFT folder that must not exist yet. `projection`: with VeRA's A and B. An adapter whose
 * A and B do not come from its key always gets them. The folder says what the adapter was trained on, if its run is known. Throws VeraError 'catalog' for damaged vectors, 'usage', 'io'.
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
  const run = await runOfAdapter(db, id);
  if (run?.dataset)
    adapter.run = { ...trainedOn(storedSettings(run.settings as unknown as GivenSettings), run.dataset.hash) };
  await saveAdapter(dir, adapter, { projection: projection || content.frozen !== undefined });
}
