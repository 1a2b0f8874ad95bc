/** Finds the repository's own files, without what is installed, built or downloaded, for the tests that read them. */
import { readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

const SKIPPED = new Set([
  'node_modules',
  'dist',
  'dist-vsix',
  'coverage',
  'demo-output',
  '.git',
  '.cache',
  '.venv',
  '.models',
]);

/** Paths relative to the root, with `/`, of the files whose name ends in one of `endings`, sorted. */
export function sources(endings: string[]): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
        found.push(relative(root, path).split(sep).join('/'));
      }
    }
  };
  walk(root);
  return found.sort();
}
