import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and its missing parents. `mkdirSync` with `recursive` does the same, but reports ENOENT on a read-only file system;
 * this throws the system's own error (EROFS). Existing folders stay as they are.
 */
export function makeFolder(path: string, mode?: number): void {
  const options = { recursive: true, ...(mode !== undefined && { mode }) } as const;
  try {
    mkdirSync(path, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    let missing = resolve(path);
    while (!existsSync(dirname(missing))) missing = dirname(missing);
    if (!existsSync(missing)) mkdirSync(missing, { mode }); // on its own, this call fails with the real reason
    mkdirSync(path, options);
  }
}
