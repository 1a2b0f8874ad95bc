import { existsSync, lstatSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hubFolder, knownConversion, localPath } from '../models/resolve.ts';
import { isHubId } from '../protocol/hubId.ts';
import { VeraError } from '../protocol/errors.ts';
import { copiesFolder } from '../weights/folder.ts';

/** Something in the cache that was made for a base. */
export interface Kept {
  readonly what: string;
  readonly path: string;
  readonly bytes: number;
}

/** Where a base is, its size, and what the cache holds of it. */
export interface BaseFiles {
  readonly path: string | null;
  readonly bytes: number | null;
  readonly kept: Kept[];
}

export function filesOf({ spec, fingerprint }: { spec: string; fingerprint: string }, cache: string): BaseFiles {
  const path = localPath(spec, cache);
  const file = path !== undefined && statSync(path).isFile() ? path : undefined;
  return {
    path: path ?? null,
    bytes: path === undefined ? null : bytesBelow(path),
    kept: [
      ...downloadOf(spec, cache),
      ...keptAt('the converted GGUF file', file === undefined ? undefined : knownConversion(file, cache)),
      ...keptAt('weights in other forms', copiesFolder(cache, fingerprint)),
    ],
  };
}

/** The download of a hub model, also one that was interrupted. */
export const downloadOf = (spec: string, cache: string): Kept[] =>
  isHubId(spec) ? keptAt('the download', hubFolder(spec, cache)) : [];

const keptAt = (what: string, path: string | undefined): Kept[] =>
  path !== undefined && existsSync(path) ? [{ what, path, bytes: bytesBelow(path) }] : [];

/** Deletes what the cache holds. Throws VeraError 'io'. Gives the freed bytes. */
export function deleteKept(kept: readonly Kept[]): number {
  for (const { path } of kept) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch (cause) {
      throw new VeraError('io', `cannot delete ${path}: ${(cause as Error).message}`, { cause });
    }
  }
  return kept.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The size of a file, or of the files in a folder and one level below. A link in a folder counts as what it leads to. */
function bytesBelow(path: string, depth = 2): number {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isDirectory()) return status?.size ?? 0;
  if (depth === 0 || lstatSync(path).isSymbolicLink()) return 0;
  return readdirSync(path).reduce((sum, name) => sum + bytesBelow(join(path, name), depth - 1), 0);
}
