import { join } from 'node:path';
import { INDEX_FILE, SINGLE_FILE } from '../formats/shards.ts';
import type { Visited } from './walk.ts';

/** The models in a folder that was visited: the folder itself, or its GGUF files. Projectors of images are no language models. */
export function modelsIn({ path, files }: Visited): string[] {
  if (files.includes('config.json') && (files.includes(SINGLE_FILE) || files.includes(INDEX_FILE))) return [path];
  return files.filter((name) => /\.gguf$/i.test(name) && !/^mmproj/i.test(name)).map((name) => join(path, name));
}
