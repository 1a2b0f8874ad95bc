import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { currentSnapshot, hubCacheFolders, idOfRepository } from '../../models/hubCache.ts';
import { baseName } from '../../protocol/baseName.ts';
import { modelsIn } from '../models.ts';
import type { BaseSource } from '../source.ts';

/** What transformers, llama.cpp and others have downloaded: models--OWNER--NAME/snapshots/COMMIT. */
export const hubCache: BaseSource = {
  name: 'hubCache',
  label: 'Hugging Face cache',
  async *find({ env, home, walk }) {
    for (const root of hubCacheFolders(env, home)) {
      const names = await readdir(root).catch(() => []);
      for (const repository of names.filter((name) => name.startsWith('models--')).sort()) {
        const snapshot = currentSnapshot(join(root, repository));
        if (snapshot === undefined) continue;
        for await (const visited of walk(snapshot, 1)) {
          for (const path of modelsIn(visited)) {
            const id = path === snapshot ? idOfRepository(repository) : undefined;
            yield { path, spec: id ?? path, name: id ?? baseName(path) };
          }
          // Only the config or the tokenizer was fetched.
          if (visited.path === snapshot && visited.files.includes('config.json') && modelsIn(visited).length === 0)
            yield { path: snapshot, spec: idOfRepository(repository) ?? snapshot, name: baseName(snapshot) };
        }
      }
    }
  },
};
