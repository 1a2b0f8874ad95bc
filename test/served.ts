/** Adapters of the bundled model in a catalog, for tests of what the daemon serves. */
import { join } from 'node:path';
import { type AdapterContent, addAdapter } from '../daemon/catalog/adapters.ts';
import type { Catalog } from '../daemon/catalog/open.ts';
import { ensureUser } from '../daemon/catalog/owners.ts';
import { cacheFolder } from '../daemon/home.ts';
import { adapterMethod } from '../daemon/methods/registry.ts';
import { openBase } from '../daemon/models/base.ts';
import type { AdapterRow } from '../daemon/protocol/adapters.ts';
import { type MadeAdapter, madeAdapter } from './engine.ts';
import { root } from './sources.ts';

/** The bundled model: it has fill-in-the-middle tokens and a chat template. */
export const DEMO = join(root, 'daemon/demo');

/** An adapter with random values; each seed answers in its own way. */
const demoAdapter = (seed: number): MadeAdapter =>
  madeAdapter(openBase(DEMO, cacheFolder()), { rank: 8, size: 0.5, seed });

function contentOf({ base, method, options, sites, theta }: MadeAdapter): AdapterContent {
  const tensors = adapterMethod(method).tensors(sites, options);
  return { method, options, sites, targets: 'all-linear', tensors, theta, base: { fingerprint: base, spec: DEMO } };
}

/** Adds the adapter of a seed under a name. One of that name that is there already is moved out of the way, as by a new training. */
export const store = (catalog: Catalog, name: string, seed: number): Promise<AdapterRow> =>
  catalog.change(async (change) => {
    await change.db.updateTable('adapter').set({ deleted_at: change.now }).where('name', '=', name).execute();
    const userId = await ensureUser(change);
    return addAdapter(change, contentOf(demoAdapter(seed)), { name, userId, projectId: null, actor: 'test' });
  });
