import { chmodSync, statSync, truncateSync } from 'node:fs';
import Database from 'better-sqlite3';
import { VeraError } from '../protocol/errors.ts';
import { refuseOldNode } from './node.ts';

export interface Lock {
  /** False once the file was deleted or exchanged: then another process can take it as well. */
  stands(): boolean;
  release(): void;
}

/**
 * Takes the lock that only one process can hold, or answers undefined where another has it. It is an exclusive transaction on
 * an empty SQLite file: the kernel drops it when its process ends, however that happens, so a lock is never stale and process
 * ids do not matter. Throws VeraError 'io'.
 */
export function takeLock(file: string): Lock | undefined {
  refuseOldNode();
  try {
    return lockOf(file);
  } catch (error) {
    if (codeOf(error) !== 'SQLITE_NOTADB' && codeOf(error) !== 'SQLITE_CORRUPT') throw unusable(file, error);
  }
  // Something wrote into it. Emptied, not deleted: who deletes it may delete the one that another process just locked.
  try {
    truncateSync(file);
    return lockOf(file);
  } catch (error) {
    throw unusable(file, error);
  }
}

function lockOf(file: string): Lock | undefined {
  const db = new Database(file, { timeout: 0 });
  try {
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
    chmodSync(file, 0o600);
  } catch (error) {
    db.close();
    if (codeOf(error).startsWith('SQLITE_BUSY')) return undefined;
    throw error;
  }
  const { ino, dev } = statSync(file);
  return {
    stands: () => {
      const now = statSync(file, { throwIfNoEntry: false });
      return now !== undefined && now.ino === ino && now.dev === dev;
    },
    release: () => void db.close(),
  };
}

/** Whether a process holds the lock; false also where there is none yet. */
export function isLocked(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return false;
  const lock = takeLock(file);
  lock?.release();
  return lock === undefined;
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? '';

const unusable = (file: string, cause: unknown): VeraError =>
  new VeraError(
    'io',
    `the lock ${file} cannot be taken: ${(cause as Error).message}; put the permissions of its folder right, or set VERA_HOME to a local disk`,
    { cause },
  );
