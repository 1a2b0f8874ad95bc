import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of all state (cache, checkpoints, logs): `VERA_HOME`, or `.vera` in the user's home folder. */
export const veraHome = (): string => resolve(process.env['VERA_HOME'] ?? join(homedir(), '.vera'));

/** What can be made again: weights in other layouts, downloaded models. */
export const cacheFolder = (): string => join(veraHome(), 'cache');

/** What a run leaves while it is under way. */
export const checkpointFolder = (): string => join(veraHome(), 'checkpoints');
