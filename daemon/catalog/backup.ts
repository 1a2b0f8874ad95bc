import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { syncFolder } from '../formats/atomic.ts';

const KEPT = 3; // of each kind: before migrations, and by day

export const backupFolder = (file: string): string => join(dirname(file), 'backups');

/**
 * Writes a copy of the whole catalog to backups/, whole or absent, and drops the oldest beyond a few. `label` names its
 * occasion. Returns its path.
 */
export function backUp(database: Database.Database, file: string, label: string, now = Date.now()): string {
  const folder = backupFolder(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stamp = new Date(now).toISOString().replace(/[:.]/g, '-');
  const target = join(folder, `${label}_${stamp}.db`);
  const temporary = `${target}.tmp`;
  rmSync(temporary, { force: true });
  try {
    database.prepare('VACUUM INTO ?').run(temporary);
    const fd = openSync(temporary, 'r+');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
    syncFolder(folder);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  dropOldest(folder);
  return target;
}

/** Whole backups, the newest first. */
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
