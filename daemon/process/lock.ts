import { chmodSync, closeSync, fstatSync, openSync, rmdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { makeFolder } from '../formats/folder.ts';
import { ioError } from '../formats/read.ts';
import { VeraError } from '../protocol/errors.ts';
import { refuseOldNode } from './node.ts';

export interface Lock {
  /** False once the file was deleted or exchanged: then another process can take it as well. */
  stands(): boolean;
  release(): void;
  /** Releases it and removes its file, and the file's folder where nothing else is in it. */
  remove(): void;
}

/** Locks of this process, by `identity`. */
const held = new Set<string>();

const POLL_MS = 100;
/** How often a file that vanishes while it is being locked is tried again before that counts as a fault of the disk. */
const ROUNDS = 1000;

/**
 * Takes the lock that only one process can hold; undefined where another has it. The lock is an exclusive transaction on an
 * empty SQLite file. The kernel drops it when its process ends, however that happens, so a lock is never stale and process ids
 * do not matter. Call it from one thread of a process. Throws VeraError 'io'.
 */
export function takeLock(file: string): Lock | undefined {
  refuseOldNode();
  try {
    return lockOf(file);
  } catch (error) {
    if (codeOf(error) !== 'SQLITE_NOTADB' && codeOf(error) !== 'SQLITE_CORRUPT') throw unusable(file, error);
  }
  // Something else was written into it. It is emptied, not deleted: another process may lock it just now.
  try {
    truncateSync(file);
    return lockOf(file);
  } catch (error) {
    throw unusable(file, error);
  }
}

/** takeLock that waits. Answers undefined where another process still has the lock after `patienceMs`. */
export async function waitForLock(file: string, patienceMs: number): Promise<Lock | undefined> {
  for (const until = Date.now() + patienceMs; ;) {
    const lock = takeLock(file);
    if (lock !== undefined || Date.now() > until) return lock;
    await setTimeout(POLL_MS);
  }
}

/** Whether a process holds the lock; false also where there is none yet. */
export function isLocked(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return false;
  const lock = takeLock(file);
  lock?.release();
  return lock === undefined;
}

/**
 * The holder may remove the file. So the lock counts only where the file that was locked is still the one at this path. `fd`
 * says so: while it is open no other file gets its number, and a removed file does not come back, so where the path names it
 * before and after, SQLite has opened it too. The system drops a process's lock when *any* descriptor of the file is closed,
 * which is why a second attempt in the same process must not open the file at all (`held`).
 */
function lockOf(file: string): Lock | undefined {
  for (let round = 1; ; round++) {
    const there = identityAt(file);
    if (there !== undefined && held.has(there)) return undefined;
    let fd: number;
    try {
      makeFolder(dirname(file));
      fd = openSync(file, 'a', 0o600);
    } catch (error) {
      // Others make and remove the folder at the same time.
      if (['ENOENT', 'EEXIST'].includes(codeOf(error)) && round < ROUNDS) continue;
      throw error;
    }
    const mine = identity(fstatSync(fd, { bigint: true }));
    if (held.has(mine)) return undefined; // and `fd` stays open, see above
    let db: Database.Database | undefined;
    let failure: Error | undefined;
    try {
      db = new Database(file, { timeout: 0 });
      db.pragma('journal_mode = MEMORY');
      db.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      failure = error as Error;
    }
    const stands = identityAt(file) === mine;
    if (db !== undefined && failure === undefined && stands) {
      chmodSync(file, 0o600);
      return heldLock(file, fd, db, mine);
    }
    db?.close();
    closeSync(fd);
    if (codeOf(failure).startsWith('SQLITE_BUSY')) return undefined;
    // Where it does not stand, its last holder has removed it in between: there is another file now, or none.
    if (failure !== undefined && (stands || round >= ROUNDS)) throw failure;
  }
}

function heldLock(file: string, fd: number, db: Database.Database, mine: string): Lock {
  held.add(mine);
  const stands = (): boolean => identityAt(file) === mine;
  const release = (): void => {
    if (!held.delete(mine)) return;
    db.close();
    closeSync(fd);
  };
  return {
    stands,
    release,
    remove() {
      // Removed while it is held: whoever has opened it by now finds that it is gone, and tries again.
      if (process.platform !== 'win32' && stands()) rmSync(file, { force: true });
      release();
      try {
        if (process.platform === 'win32') rmSync(file, { force: true }); // which fails where somebody has opened it
        rmdirSync(dirname(file));
      } catch {
        // something else is in the folder
      }
    },
  };
}

const identity = ({ dev, ino }: { dev: bigint; ino: bigint }): string => `${dev} ${ino}`;
function identityAt(file: string): string | undefined {
  const status = statSync(file, { bigint: true, throwIfNoEntry: false });
  return status && identity(status);
}

const codeOf = (error: unknown): string => (error as { code?: string } | undefined)?.code ?? '';

function unusable(file: string, cause: unknown): VeraError {
  const { message } = 'syscall' in (cause as Error) ? ioError(cause, 'write', file) : (cause as Error);
  const cure = 'check the permissions of its folder, or use a folder on a local disk';
  return new VeraError('io', `the lock ${file} cannot be taken: ${message}; ${cure}`, { cause });
}
