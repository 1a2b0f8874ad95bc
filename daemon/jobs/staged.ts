import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { refuseOccupied, syncFolder, writeFileAtomic } from '../formats/atomic.ts';
import { ioError } from '../formats/read.ts';
import type { Json } from './messages.ts';

/** What was written but is perhaps not in place yet: the result, and the folder it was written as. */
interface Written {
  readonly inode: string;
  readonly result: Json;
}

const noteOf = (folder: string): string => join(folder, 'written.json');
const stagingOf = (out: string, folder: string): string =>
  join(dirname(out), `.${basename(out)}.job-${basename(folder)}`);

/**
 * Writes a job's output folder so that an attempt after a crash can tell its own result from a stranger's folder: `write` fills
 * a hidden folder beside `out`, a note in the job's `folder` says which one it is, then it is renamed. Where the note is there
 * already, only what was left is done. Throws VeraError 'usage' where `out` is somebody else's, 'io' for the disk.
 */
export async function writeStaged(
  out: string,
  folder: string,
  write: (staging: string) => Promise<Json>,
): Promise<Json> {
  const staging = stagingOf(out, folder);
  const before = readNote(folder);
  if (before && inodeOf(out) === before.inode) return before.result;
  try {
    if (before && inodeOf(staging) === before.inode) {
      moveIn(staging, out);
      return before.result;
    }
    refuseOccupied(out, out);
    clearStaged(out, folder);
    const result = await write(staging);
    const inode = inodeOf(staging);
    if (inode === undefined) throw new Error(`${staging} was not written`);
    writeFileAtomic(noteOf(folder), JSON.stringify({ inode, result } satisfies Written));
    moveIn(staging, out);
    return result;
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? ioError(error, 'write', out) : error;
  }
}

/** Removes what attempts of a job left beside `out`, unless it is whole: their work in progress. */
export function clearStaged(out: string, folder: string): void {
  const prefix = basename(stagingOf(out, folder));
  let names: string[];
  try {
    names = readdirSync(dirname(out));
  } catch {
    return; // no folder, nothing left in it
  }
  for (const name of names) {
    if (name === prefix || (name.startsWith(`.${prefix}.`) && name.endsWith('.tmp')))
      rmSync(join(dirname(out), name), { recursive: true, force: true });
  }
}

function moveIn(staging: string, out: string): void {
  refuseOccupied(out, out);
  if (existsSync(out)) rmdirSync(out);
  renameSync(staging, out);
  syncFolder(dirname(out));
}

function readNote(folder: string): Written | undefined {
  try {
    return JSON.parse(readFileSync(noteOf(folder), 'utf8')) as Written;
  } catch {
    return undefined; // it was never written, or not by this program: the work is done again
  }
}

/** Number of a folder on its disk, which a rename keeps, with its time of birth, since numbers are given again. */
function inodeOf(path: string): string | undefined {
  const status = statSync(path, { throwIfNoEntry: false, bigint: true });
  return status === undefined ? undefined : `${status.dev} ${status.ino} ${status.birthtimeNs}`;
}
