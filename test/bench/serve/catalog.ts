/** A state folder with adapters of the base in its catalog. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { activateAdapter, insertAdapter } from '../../../daemon/catalog/adapters.ts';
import { contentHash } from '../../../daemon/catalog/content.ts';
import { openCatalog } from '../../../daemon/catalog/open.ts';
import { ensureUser } from '../../../daemon/catalog/owners.ts';
import { adapterMethod } from '../../../daemon/methods/registry.ts';
import { adapters, type Setting, TARGETS } from './setting.ts';

/** Adds adapters named 'adapter 0' and so on, and activates the first. -> their content hashes. */
export async function fillCatalog({ base }: Setting, home: string, count: number): Promise<string[]> {
  mkdirSync(join(home, 'catalog'), { recursive: true });
  const catalog = await openCatalog(join(home, 'catalog', 'catalog.db'));
  try {
    const { make } = adapters(base, 'vera');
    return await catalog.change(async (write) => {
      const userId = await ensureUser(write);
      const hashes: string[] = [];
      for (let i = 0; i < count; i++) {
        const { method, options, sites, theta } = make(i);
        const content = {
          ...{
            method,
            options,
            sites,
            theta,
            targets: TARGETS,
            base: { fingerprint: base.fingerprint, spec: base.dir },
          },
          tensors: adapterMethod(method).tensors(sites, options),
        };
        const id = await insertAdapter(write, content, {
          name: `adapter ${i}`,
          userId,
          projectId: null,
          actor: 'bench',
        });
        hashes.push(contentHash(content));
        if (i === 0) await activateAdapter(write, { adapter: id }, 'bench');
      }
      return hashes;
    });
  } finally {
    await catalog.close();
  }
}
