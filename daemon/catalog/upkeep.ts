import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type Database from 'better-sqlite3';
import { quote } from '../formats/quote.ts';
import { backUp, backUpWhileOpen, lastDaily } from './backup.ts';
import { CHECKED_AT_OPENING, suspect } from './recover.ts';
import { DAY } from './trash.ts';

const FIRST_MS = 60_000; // after opening, because a person who starts a daemon wants to use it first
const EVERY_MS = 3_600_000;
const AT_CLOSE = 64 * 2 ** 20; // bytes; up to this size, a copy at closing takes less than a second
const LARGE = 2 ** 30; // bytes; from this size on, a copy is made once per week, not once per day

/** Reads a whole database in a thread of its own. Resolves to its problems. */
export function checkInBackground(
  file: string,
  options: { full: boolean },
): { problems: Promise<string[]>; stop(): void } {
  const worker = new Worker(new URL('./checkWorker.ts', import.meta.url), { workerData: { file, ...options } });
  worker.unref();
  const problems = new Promise<string[]>((resolve, reject) => {
    worker.once('message', (found: string[]) => resolve(found));
    worker.once('error', reject);
    worker.once('exit', () => resolve([])); // it was stopped before it was done
  });
  return { problems, stop: () => void worker.terminate() };
}

const CHECKED = 'checked'; // key of the time when a large catalog was last read completely
const REMEMBER = 'INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
const checkedAt = (database: Database.Database): number =>
  Number(database.prepare('SELECT value FROM state WHERE key = ?').pluck().get(CHECKED) ?? 0);
/** Whether a time is less than a week ago. A time in the future, after a clock was set back, does not count. */
const isRecent = (time: number): boolean => Date.now() >= time && Date.now() - time < 7 * DAY;

/** Makes daily backups of an open catalog, and checks a catalog that is too large to be read completely at opening. */
export function startUpkeep(
  database: Database.Database,
  file: string,
  { notes, unclean }: { notes: string[]; unclean: boolean },
): { stop(): Promise<void>; changed(): void } {
  let changed = false;
  let stopped = false;
  let working: Promise<unknown> = Promise.resolve();
  let checking: ReturnType<typeof checkInBackground> | undefined;
  const bytes = (): number => statSync(file).size;

  const check = async (): Promise<void> => {
    if (bytes() <= CHECKED_AT_OPENING || (!unclean && isRecent(checkedAt(database)))) return;
    checking = checkInBackground(file, { full: true });
    const problems = await checking.problems;
    checking = undefined;
    if (stopped) return;
    if (problems.length === 0) return void database.prepare(REMEMBER).run(CHECKED, String(Date.now()));
    suspect(file, problems[0]!);
    notes.push(
      `the catalog ${quote(file)} is damaged (${problems[0]!.split('\n')[0]!}): restart the daemon, which keeps the damaged file and continues with what is whole`,
    );
  };
  const copy = async (): Promise<void> => {
    const size = bytes();
    const age = Date.now() - lastDaily(file);
    if (!changed || stopped || (age >= 0 && age < (size > LARGE ? 7 * DAY : DAY))) return;
    const { bavail, bsize } = statfsSync(dirname(file));
    if (bavail * bsize < 3 * size) return; // new data needs the space more than a copy
    await backUpWhileOpen(database, file, () => stopped);
    changed = false;
  };
  // A backup that fails must not end the daemon. The next hour tries again.
  const run = (task: () => Promise<void>): void => void (working = working.then(task).catch(() => undefined));
  const first = setTimeout(() => run(check), FIRST_MS).unref();
  const every = setInterval(() => run(copy), EVERY_MS).unref();
  return {
    changed: () => void (changed = true),
    async stop() {
      stopped = true;
      clearTimeout(first);
      clearInterval(every);
      checking?.stop();
      await working;
      try {
        if (changed && bytes() <= AT_CLOSE) backUp(database, file, 'day');
      } catch {
        // the disk is full or read-only; the catalog itself is whole, which matters more than its copy
      }
    },
  };
}
