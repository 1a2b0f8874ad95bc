import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { moveFolder, refuseOccupied, writeFileAtomic } from '../formats/atomic.ts';
import { ioError } from '../formats/read.ts';
import type { Json } from './messages.ts';

/** The note about a folder that is written, and perhaps not in place yet: the folder, and the job's result. */
interface Written {
  readonly inode: string;
  readonly result: Json;
}

const noteOf = (folder: string): string => join(folder, 'written.json');
const stagingOf = (out: string, folder: string): string =>
  join(dirname(out), `.${basename(out)}.job-${basename(folder)}`);

/**
 * Writes a job's output folder so that an attempt after a crash recognises its own result. `write` fills a hidden folder beside
 * `out`, a note in the job's `folder` identifies it, and then it is renamed. An attempt that finds the note only does what is left.
 * Throws VeraError 'usage' if another program wrote to `out`, 'io' if the disk fails.
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
      moveFolder(staging, out);
      return before.result;
    }
    refuseOccupied(out, out);
    clearStaged(out, folder);
    const result = await write(staging);
    const inode = inodeOf(staging);
    if (inode === undefined) throw new Error(`${staging} was not written`);
    writeFileAtomic(noteOf(folder), JSON.stringify({ inode, result } satisfies Written));
    moveFolder(staging, out);
    return result;
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? ioError(error, 'write', out) : error;
  }
}

/** Removes the unfinished folders that attempts of a job left beside `out`. */
export function clearStaged(out: string, folder: string): void {
  const prefix = basename(stagingOf(out, folder));
  let names: string[];
  try {
    names = readdirSync(dirname(out));
  } catch {
    return; // there is no folder
  }
  for (const name of names) {
    if (name === prefix || (name.startsWith(`.${prefix}.`) && name.endsWith('.tmp')))
      rmSync(join(dirname(out), name), { recursive: true, force: true });
  }
}

function readNote(folder: string): Written | undefined {
  try {
    return JSON.parse(readFileSync(noteOf(folder), 'utf8')) as Written;
  } catch {
    return undefined; // it was never written, or not by this program, so the work is done again
  }
}

/** The number of a folder on its disk, which a rename keeps, and the time it was made, because disks use numbers again. */
function inodeOf(path: string): string | undefined {
  const status = statSync(path, { throwIfNoEntry: false, bigint: true });
  return status === undefined ? undefined : `${status.dev} ${status.ino} ${status.birthtimeNs}`;
}
