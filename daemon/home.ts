import { chmodSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeFolder } from './formats/folder.ts';
import { VeraError } from './protocol/errors.ts';

/** The folder of all state (cache, checkpoints, catalog, logs): `VERA_HOME`, or `.vera` in the user's home folder. */
export const veraHome = (): string => resolve(process.env['VERA_HOME'] ?? join(homedir(), '.vera'));

/** What can be made again: weights in other layouts, downloaded models. */
export const cacheFolder = (): string => join(veraHome(), 'cache');

/** What a run leaves while it is under way. */
export const checkpointFolder = (): string => join(veraHome(), 'checkpoints');

/** What the daemon and its clients find each other by. */
export const daemonFolder = (): string => join(veraHome(), 'daemon');
export const discoveryFile = (): string => join(daemonFolder(), 'daemon.json');
export const daemonLockFile = (): string => join(daemonFolder(), 'daemon.lock');

export const catalogFolder = (): string => join(veraHome(), 'catalog');
export const catalogFile = (): string => join(catalogFolder(), 'catalog.db');

export const logsFolder = (): string => join(veraHome(), 'logs');
/** What clients send, until a job has taken it. */
export const uploadsFolder = (): string => join(veraHome(), 'uploads');
/** Folders of runs that were given no other. */
export const runsFolder = (): string => join(veraHome(), 'runs');

/** Folders of the state that are nobody's but the user's. */
export const privateFolders = (): string[] => [
  daemonFolder(),
  catalogFolder(),
  logsFolder(),
  uploadsFolder(),
  runsFolder(),
];

/**
 * Makes the state folder and those in it, closed to other users (0700). A state folder that was there keeps its permissions:
 * it may be one that the user shares on purpose; those in it are ours, and are closed. Throws VeraError 'io'.
 */
export function makePrivateFolders(): void {
  for (const folder of [veraHome(), ...privateFolders()]) {
    try {
      makeFolder(folder, 0o700);
      if (folder !== veraHome() && (statSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700);
    } catch (error) {
      const message = `the state folder ${folder} cannot be made: ${(error as Error).message}; set VERA_HOME to a folder of yours`;
      throw new VeraError('io', message, { cause: error });
    }
  }
}
