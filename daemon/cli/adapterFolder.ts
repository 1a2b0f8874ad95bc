import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../home.ts';
import * as adapters from '../protocol/adapters.ts';
import type { AdapterRow } from '../protocol/adapters.ts';
import { explainMissing, isAdapterFolder, reference } from './reference.ts';
import { withDaemon } from './withDaemon.ts';

/**
 * The folder of the adapter that a command was given. A path to an adapter's folder is used as it is. An adapter of the catalog, by
 * name or number, is written into the cache first.
 */
export async function adapterFolder(text: string): Promise<string> {
  if (isAdapterFolder(text)) return text;
  return withDaemon(async (client) => {
    const adapter = await client.call(adapters.get, { adapter: reference(text) }).catch((error: unknown) => {
      throw explainMissing(error, text);
    });
    const dir = join(cacheFolder(), 'adapters', cacheName(adapter));
    if (existsSync(dir)) return dir;
    await client.call(adapters.save, { adapter: adapter.id, dir }).catch((error: unknown) => {
      // Another command may have written it meanwhile; a folder is whole or absent.
      if (!existsSync(dir)) throw error;
    });
    return dir;
  });
}

/** The folder's name depends on the base too: the same adapter on a base that moved gets another folder. */
function cacheName({ hash, base }: AdapterRow): string {
  const place = createHash('sha256').update(`${base.fingerprint} ${base.name}`).digest('hex');
  return `${hash.slice(0, 32)}-${place.slice(0, 16)}`;
}
