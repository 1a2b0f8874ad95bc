import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { readOllamaManifest } from '../../models/ollama.ts';
import { baseName } from '../../protocol/baseName.ts';
import type { BaseSource } from '../source.ts';

/** Models that Ollama has pulled, by their manifests: a blob has no name. */
export const ollama: BaseSource = {
  name: 'ollama',
  label: 'Ollama',
  async *find({ env, home, platform, walk }) {
    const stated = env['OLLAMA_MODELS'];
    // The second is where Ollama's own installer for Linux keeps the models of its service.
    const roots = stated
      ? [stated]
      : [join(home, '.ollama', 'models'), ...(platform === 'linux' ? ['/usr/share/ollama/.ollama/models'] : [])];
    for (const root of roots) {
      for await (const { path: folder, files } of walk(join(root, 'manifests'), 4)) {
        for (const tag of files) {
          const spec = join(folder, tag);
          const found = readOllamaManifest(spec);
          if (found !== undefined)
            yield { spec, path: found.model, name: baseName(spec), licence: firstLine(found.licence) };
        }
      }
    }
  },
};

/** The first line of a licence names it: 'Apache License'. */
function firstLine(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    const handle = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(500);
      const text = bytes.toString('utf8', 0, readSync(handle, bytes, 0, bytes.length, 0));
      return text
        .split('\n')
        .map((line) => line.trim())
        .find((line) => line !== '')
        ?.slice(0, 60);
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
}
