import { closeSync, openSync, readFileSync, rmdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeFolder } from '../formats/folder.ts';
import { quote } from '../formats/quote.ts';
import { ioError } from '../formats/read.ts';
import { VeraError } from '../protocol/errors.ts';

/** How long an orphaned worker may take to finish its step and notice that it is alone. */
const PATIENCE_MS = 60_000;
const POLL_MS = 100;
/** A lock this young without a name in it is one that is just being taken. */
const YOUNG_MS = 2000;

/** Takes a lock file for this process; returns how to give it back. A lock whose process is gone is taken over. */
export async function takeLock(file: string, patience = PATIENCE_MS): Promise<() => void> {
  const mine = `${process.pid} ${startOf(process.pid)}`;
  makeFolder(dirname(file));
  for (const until = Date.now() + patience; ;) {
    try {
      const fd = openSync(file, 'wx');
      writeSync(fd, mine);
      closeSync(fd);
      return () => release(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw ioError(error, 'write', file);
    }
    const holder = holderOf(file);
    if (holder === undefined) rmSync(file, { force: true });
    else if (Date.now() > until) {
      throw new VeraError(
        'io',
        `another process (${holder}) is training in ${quote(dirname(file))}: wait for it, or end it`,
      );
    } else await setTimeout(POLL_MS);
  }
}

/** Removes the lock, and its folder where nothing else came into it. */
function release(file: string): void {
  rmSync(file, { force: true });
  try {
    rmdirSync(dirname(file));
  } catch {
    // it holds a run
  }
}

/** The live process that holds a lock, 0 for one that is not named yet; undefined where it is gone, or its id now belongs to another process. */
function holderOf(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
    if (text === '' && Date.now() - statSync(file).mtimeMs < YOUNG_MS) return 0;
  } catch {
    return undefined;
  }
  const [pid, start] = text.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  return Number(pid) === process.pid || startOf(Number(pid)) !== start ? undefined : Number(pid);
}

/** When a process began, in the system's own units; empty where the system does not say. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
