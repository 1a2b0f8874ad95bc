import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { makeFolder } from '../formats/folder.ts';
import { syncFolder } from '../formats/atomic.ts';

const KEPT = 3; // backups of each kind: before migrations, and daily

export const backupFolder = (file: string): string => join(dirname(file), 'backups');

/**
 * Writes a copy of the whole catalog to backups/, whole or absent, and deletes all but the newest few. `label` says why it is
 * made: 'day' (the latest of each day is kept) or 'schema-N'. Returns its path.
 */
export function backUp(database: Database.Database, file: string, label: string, now = Date.now()): string {
  const { target, temporary } = places(file, label, now);
  try {
    database.prepare('VACUUM INTO ?').run(temporary);
    finish(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return target;
}

const PAGES = 512; // copied at a time, so that others can work in between: 2 MiB, some milliseconds

/**
 * Makes the daily backup of a catalog in use, a little at a time. Asks `stopped` in between, and then leaves nothing behind.
 */
export async function backUpWhileOpen(
  database: Database.Database,
  file: string,
  stopped: () => boolean,
): Promise<void> {
  const { target, temporary } = places(file, 'day', Date.now());
  try {
    await database.backup(temporary, {
      progress: () => {
        if (stopped()) throw new Error('stopped');
        return PAGES;
      },
    });
    finish(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function places(file: string, label: string, now: number): { target: string; temporary: string } {
  const folder = backupFolder(file);
  makeFolder(folder, 0o700);
  const time = new Date(now).toISOString();
  const stamp = label === 'day' ? time.slice(0, 10) : time.replace(/[:.]/g, '-');
  const target = join(folder, `${label}_${stamp}.db`);
  const temporary = `${target}.tmp`;
  rmSync(temporary, { force: true });
  return { target, temporary };
}

/** Flushes a copy to the disk, then gives it its name. */
function finish(temporary: string, target: string): void {
  const fd = openSync(temporary, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, target);
  syncFolder(dirname(target));
  dropOldest(dirname(target));
}

/** Time of the latest daily backup; 0 if there is none. */
export function lastDaily(file: string): number {
  const newest = backupsOf(file).find((path) => basename(path).startsWith('day_'));
  return newest === undefined ? 0 : statSync(newest).mtimeMs;
}

/** Whole backups, newest first. */
export function backupsOf(file: string): string[] {
  const folder = backupFolder(file);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.db'));
  } catch {
    return [];
  }
  return names
    .map((name) => ({ path: join(folder, name), time: statSync(join(folder, name)).mtimeMs }))
    .sort((one, two) => two.time - one.time)
    .map(({ path }) => path);
}

function dropOldest(folder: string): void {
  const kinds = new Map<string, string[]>();
  for (const name of readdirSync(folder).sort().reverse()) {
    if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
    if (!name.endsWith('.db')) continue;
    const kind = name.startsWith('schema-') ? 'schema' : name.split('_')[0]!;
    kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
  }
  for (const names of kinds.values()) for (const name of names.slice(KEPT)) rmSync(join(folder, name), { force: true });
}
