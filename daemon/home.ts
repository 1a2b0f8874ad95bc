import { chmodSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeFolder } from './formats/folder.ts';
import { quote } from './formats/quote.ts';
import { reasonOf } from './formats/read.ts';
import { VeraError } from './protocol/errors.ts';

/** The state folder (cache, checkpoints, catalog, logs): `VERA_HOME`, or `.vera` in the user's home folder. */
export const veraHome = (): string => resolve(process.env['VERA_HOME'] ?? join(homedir(), '.vera'));

/** Files that can be made again: weights in other layouts, downloaded models. */
export const cacheFolder = (): string => join(veraHome(), 'cache');

/** Files by which clients find the daemon. */
export const daemonFolder = (): string => join(veraHome(), 'daemon');
export const discoveryFile = (): string => join(daemonFolder(), 'daemon.json');
export const daemonLockFile = (): string => join(daemonFolder(), 'daemon.lock');

export const catalogFolder = (): string => join(veraHome(), 'catalog');
export const catalogFile = (): string => join(catalogFolder(), 'catalog.db');

export const logsFolder = (): string => join(veraHome(), 'logs');
/** Uploads of clients, until a job has used them. */
export const uploadsFolder = (): string => join(veraHome(), 'uploads');
/** Folders of runs for which no other folder was given. */
export const runsFolder = (): string => join(veraHome(), 'runs');

/** The folders that only the user may read. */
export const privateFolders = (): string[] => [
  daemonFolder(),
  catalogFolder(),
  logsFolder(),
  uploadsFolder(),
  runsFolder(),
];

/**
 * Makes the state folder and the folders in it, closed to other users (0700). An existing state folder keeps its permissions,
 * because the user may share it on purpose; the folders in it are ours and are closed. Throws VeraError 'io'.
 */
export function makePrivateFolders(): void {
  for (const folder of [veraHome(), ...privateFolders()]) {
    try {
      makeFolder(folder, 0o700);
      if (folder !== veraHome() && (statSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700);
    } catch (error) {
      const message = `the state folder ${quote(folder)} cannot be used: ${reasonOf(error)}; choose a folder that you can write`;
      throw new VeraError('io', message, { cause: error, remedy: { do: 'chooseStateFolder' } });
    }
  }
}
