import { adapterContent } from '../catalog/adapters.ts';
import { adapterOfHash } from '../catalog/find.ts';
import type { Catalog } from '../catalog/open.ts';
import { optionsOf } from '../methods/options.ts';
import { adapterMethod } from '../methods/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import type { StoredAdapter } from './engine/bank.ts';

/**
 * The adapter of a content hash, as an engine takes it. One in the trash is read too: it may have been deleted after a request named
 * it. Throws VeraError 'missing', and 'catalog' for damaged vectors.
 */
export async function storedAdapter({ db }: Pick<Catalog, 'db'>, hash: string): Promise<StoredAdapter> {
  const id = await adapterOfHash(db, hash, { trash: true });
  if (id === null) throw new VeraError('missing', `the catalog has no adapter with the content ${hash.slice(0, 12)}`);
  const { base, method, options, sites, theta, frozen } = await adapterContent(db, id);
  return {
    ...{ hash, base: base.fingerprint, method, theta },
    options: { ...optionsOf(adapterMethod(method), options), ...options },
    sites: sites.map((site) => ({ ...site })),
    ...(frozen === undefined ? {} : { frozen: frozen.tensors }),
  };
}
