import { randomBytes } from 'node:crypto';
import { createReadStream, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Express } from 'express';
import { makeFolder } from '../../formats/folder.ts';
import { writePacked } from '../../catalog/transfer.ts';
import { cacheFolder } from '../../home.ts';
import { VeraError } from '../../protocol/errors.ts';
import { id as identity } from '../../protocol/values.ts';
import type { Daemon } from '../context.ts';

/** GET /downloads/adapters/:id answers with an adapter and its facts as one file, as adapters.pack writes it. */
export function downloads(app: Express, { catalog }: Daemon): void {
  const folder = join(cacheFolder(), 'downloads');
  rmSync(folder, { recursive: true, force: true }); // left by an earlier daemon that did not finish its downloads
  app.get('/downloads/adapters/:id', async (request, response) => {
    const { id } = request.params;
    // Number() would take ' 1', '0x1' and '1e3' as well.
    const parsed = identity.safeParse(/^\d{1,16}$/.test(id) ? Number(id) : undefined);
    if (!parsed.success) throw new VeraError('usage', 'an adapter is named by its number: /downloads/adapters/7');
    makeFolder(folder, 0o700);
    const file = join(folder, randomBytes(16).toString('hex'));
    try {
      await writePacked(catalog.db, parsed.data, file);
      response.attachment(`adapter-${parsed.data}.vera`).type('application/octet-stream');
      response.set('Content-Length', String(statSync(file).size));
      await pipeline(createReadStream(file), response);
    } finally {
      rmSync(file, { force: true });
    }
  });
}
