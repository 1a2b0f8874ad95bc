import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder } from './folder.ts';
import { VeraError } from '../protocol/errors.ts';
import { quote } from './quote.ts';
import { ioError } from './read.ts';

const WRITE_CHUNK = 2 ** 30; // one write call takes at most 2^31 - 1 bytes

/**
 * Writes a file that is whole or absent, even if the process dies at any moment: it writes a temporary file beside it, then fsync,
 * rename, and fsync of the folder. Missing folders are created. An existing file keeps its permissions. Throws VeraError 'io'.
 */
export function writeFileAtomic(path: string, data: Uint8Array | string): void {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  writeStreamAtomic(path, (fd) => writeFully(fd, bytes));
}

/** Like writeFileAtomic, for contents that are made piece by piece: `write` gets the descriptor of the temporary file. */
export function writeStreamAtomic(path: string, write: (fd: number) => void): void {
  const target = resolve(path);
  const temporary = temporaryName(target);
  try {
    makeFolder(dirname(target));
    const fd = openSync(temporary, 'wx');
    try {
      const existing = statSync(target, { throwIfNoEntry: false });
      if (existing?.isFile()) fchmodSync(fd, existing.mode & 0o777);
      write(fd);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
    syncFolder(dirname(target));
  } catch (error) {
    removeQuietly(temporary);
    throw isSystemError(error) ? ioError(error, 'write', path) : error;
  }
  removeLeftovers(target);
}

/** Writes all of `bytes` at the descriptor's position, because one write call may write only a part. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(fd, bytes, done, Math.min(bytes.length - done, WRITE_CHUNK));
}

/**
 * Makes a folder that is whole or absent: `fill` writes into a folder inside a temporary one beside it (so that temporary files of
 * `fill` are left nowhere else), every file is synced, then one rename puts it in place. A folder that exists and is not empty is
 * refused (VeraError 'usage'), so that no file of the person's is overwritten.
 */
export async function writeFolderAtomic(dir: string, fill: (folder: string) => void | Promise<void>): Promise<void> {
  const target = resolve(dir);
  const temporary = temporaryName(target);
  const folder = join(temporary, basename(target));
  try {
    refuseOccupied(target, dir);
    makeFolder(folder);
    await fill(folder);
    syncTree(folder);
    moveFolder(folder, target, dir);
  } catch (error) {
    removeQuietly(temporary);
    throw isSystemError(error) ? ioError(error, 'write', dir) : error;
  }
  removeQuietly(temporary);
  removeLeftovers(target);
}

/** Moves a whole folder to a place that is free or an empty folder, in one rename. `shown`: that place as people know it. */
export function moveFolder(from: string, target: string, shown = target): void {
  refuseOccupied(target, shown); // another process may have written there meanwhile
  if (existsSync(target)) rmdirSync(target); // Windows cannot rename onto an empty folder
  renameSync(from, target);
  syncFolder(dirname(target));
}

/** Refuses a path that is neither free nor an empty folder (VeraError 'usage'). `shown`: the path as people know it. */
export function refuseOccupied(target: string, shown: string): void {
  const status = lstatSync(target, { throwIfNoEntry: false });
  if (status === undefined) return;
  const refuse = (what: string) =>
    new VeraError('usage', `${quote(shown)} ${what}; choose another folder or remove it first`);
  if (!status.isDirectory()) throw refuse('exists and is not a folder');
  if (readdirSync(target).length > 0) throw refuse('exists and is not empty');
}

/** fsync of a folder, so that a rename in it survives a power cut. Windows and some network disks have no such call. */
export function syncFolder(dir: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(dir, 'r');
    fsyncSync(fd);
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EINVAL', 'EACCES', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function syncTree(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) syncTree(path);
    else if (entry.isFile()) {
      const fd = openSync(path, 'r+'); // Windows syncs only files that are open for writing
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    }
  }
  syncFolder(dir);
}

// The process id in the name tells whether the file was left by a killed process or is being written now.
const temporaryName = (target: string) =>
  join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
const TEMPORARY = /^\..+\.\d+\.[0-9a-f]{8}\.tmp$/;

/**
 * Removes what killed processes left of their writes into a folder. Only for a folder that nobody else writes into now: a process
 * that was killed may still be listed for a while, so its id is not asked for. Files that cannot be removed do no harm.
 */
export function removeTemporaries(dir: string): void {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) if (TEMPORARY.test(name)) removeQuietly(join(dir, name));
}

/** Removes what a failed write left. Errors are ignored, because the first error says more. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // a read-only or vanished folder: the next write of the same target tries again
  }
}

/** Removes what killed processes left of earlier writes of the same target. Files that cannot be removed do no harm. */
function removeLeftovers(target: string): void {
  const prefix = `.${basename(target)}.`;
  try {
    for (const name of readdirSync(dirname(target))) {
      if (!name.startsWith(prefix)) continue;
      const pid = /^(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name.slice(prefix.length))?.[1];
      if (pid !== undefined && !isAlive(Number(pid)))
        rmSync(join(dirname(target), name), { recursive: true, force: true });
    }
  } catch {
    // the write itself is done
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const isSystemError = (error: unknown) => error instanceof Error && 'syscall' in error && !(error instanceof VeraError);
