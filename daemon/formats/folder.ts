import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those on the way to it, as `mkdirSync` with `recursive`, which says ENOENT where the file system is
 * read-only: the error thrown here is the system's own (EROFS). Existing folders are left as they are.
 */
export function makeFolder(path: string, mode?: number): void {
  const options = { recursive: true, ...(mode !== undefined && { mode }) } as const;
  try {
    mkdirSync(path, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    let missing = resolve(path);
    while (!existsSync(dirname(missing))) missing = dirname(missing);
    if (!existsSync(missing)) mkdirSync(missing, { mode }); // made alone, it fails for the true reason
    mkdirSync(path, options);
  }
}
