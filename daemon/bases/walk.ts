import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder with the names of what is in it. */
export interface Visited {
  readonly path: string;
  readonly files: readonly string[];
}

/** Visits a folder and those below it, `depth` levels deep. `skip` leaves folders out, by name. */
export type Walk = (folder: string, depth: number, skip?: (name: string) => boolean) => AsyncIterable<Visited>;

/** Limits that all walks of a search share. */
export interface Budget {
  /** Entries of folders that may still be read. */
  entries: number;
  /** When to stop, in milliseconds since 1970. */
  readonly until: number;
}

export const isSpent = ({ entries, until }: Budget): boolean => entries <= 0 || Date.now() >= until;

/** Walks within a budget. It never enters a folder through a link, so it cannot go round in circles. */
export const walkWithin = (budget: Budget): Walk =>
  async function* walk(folder, depth, skip = () => false): AsyncGenerator<Visited> {
    if (isSpent(budget)) return;
    const entries = await list(folder);
    budget.entries -= entries.length;
    yield { path: folder, files: entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name) };
    if (depth === 0) return;
    for (const entry of entries) {
      if (isSpent(budget)) return;
      if (entry.isDirectory() && !skip(entry.name)) yield* walk(join(folder, entry.name), depth - 1, skip);
    }
  };

/** A folder that is missing or closed has nothing in it. */
async function list(folder: string): Promise<Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
