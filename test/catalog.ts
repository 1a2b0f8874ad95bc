import { join } from 'node:path';
import { after } from 'node:test';
import type { About, AdapterContent } from '../daemon/catalog/adapters.ts';
import { addAdapter } from '../daemon/catalog/adapters.ts';
import { openCatalog } from '../daemon/catalog/open.ts';
import type { Catalog, OpenOptions } from '../daemon/catalog/open.ts';
import { ensureUser } from '../daemon/catalog/owners.ts';
import { adapterMethod } from '../daemon/methods/registry.ts';
import type { AdapterRow } from '../daemon/protocol/adapters.ts';
import { temporaryFolder } from './temporary.ts';

/** An empty catalog in a folder of this test file, closed when its tests are done. */
export async function temporaryCatalog(options?: OpenOptions): Promise<Catalog> {
  const catalog = await openCatalog(join(temporaryFolder(), 'catalog', 'catalog.db'), options);
  after(() => catalog.close().catch(() => undefined)); // a test may have closed it
  return catalog;
}

/** A small VeRA adapter; `seed` decides its numbers. */
export function someContent(seed = 1, changes: Partial<AdapterContent> = {}): AdapterContent {
  const sites = [0, 1].map((layer) => ({
    path: `model.layers.${layer}.self_attn.q_proj`,
    layer,
    dIn: 8,
    dOut: 6,
    bias: false,
  }));
  const theta = Float32Array.from({ length: 2 * (6 + 4) }, (_, i) => Math.fround(Math.sin(seed * 100 + i)));
  const content = {
    method: 'vera',
    options: { rank: 4, alpha: 4, dropout: 0, projectionKey: 7, dInitial: 0.1, seed: 0 },
    sites,
    targets: 'q_proj',
    theta,
    base: { fingerprint: 'ab'.repeat(32), spec: 'org/some-model', architecture: 'llama', parameters: 1000 },
    ...changes,
  };
  const tensors = changes.tensors ?? adapterMethod(content.method).tensors(content.sites, content.options);
  return { ...content, tensors };
}

/** A and B of their own, for the layers of `someContent`: they are not those of its key. */
export function ownFrozen(): NonNullable<AdapterContent['frozen']> {
  const tensors = [
    { name: 'vera_A', shape: [4, 8], data: new Float32Array(32).fill(0.5) },
    { name: 'vera_B', shape: [6, 4], data: new Float32Array(24).fill(2) },
  ];
  return { head: '[4,8,6]', tensors };
}

/** Adds an adapter of the user 'ann', outside projects unless `about` says so. */
export const add = (
  catalog: Catalog,
  name: string,
  about: Partial<About> = {},
  content = someContent(),
): Promise<AdapterRow> =>
  catalog.change(async (change) =>
    addAdapter(change, content, {
      name,
      userId: await ensureUser(change, 'ann'),
      projectId: null,
      actor: 'test',
      ...about,
    }),
  );
