import { closeSync, constants, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { makeFolder } from '../formats/folder.ts';
import { syncFolder, writeFileAtomic } from '../formats/atomic.ts';
import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';
import { backupsOf } from './backup.ts';
import { glance, headerOf, problemsIn, problemsOf } from './check.ts';
import { addMetricColumns } from './metrics.ts';
import { migrate, newerSchema, refuseForeignSchema } from './migrate.ts';
import type { Migration } from './migrations/migration.ts';
import { salvage } from './salvage.ts';
import { connect } from './sqlite.ts';
import { inspectLog } from './wal.ts';

/**
 * A file up to this size is read completely at every opening: 64 MiB take about a fifth of a second. Larger files are read
 * in the background.
 */
export const CHECKED_AT_OPENING = 64 * 2 ** 20;

/** A file beside a catalog that says that damage was found while it was in use. The next opening then reads it completely. */
const suspicion = (file: string): string => `${file}.suspect`;

export function suspect(file: string, why: string): void {
  try {
    writeFileAtomic(suspicion(file), `${why}\n`);
  } catch {
    // the disk accepts nothing any more; the caller reports the damage itself
  }
}

/**
 * Checks the files of a catalog before it is opened, and repairs a damaged one. Adds what it finds to `notes`. Refuses a
 * file with a newer schema before anything changes it. Throws VeraError 'catalog'. Returns whether a process had ended
 * without closing the catalog.
 */
export function makeWhole(file: string, migrations: readonly Migration[], notes: string[]): boolean {
  if (!existsSync(file)) {
    if (existsSync(`${file}-wal`))
      notes.push(`the log ${quote(`${file}-wal`)} had no catalog and was kept in ${quote(setAside(file))}`);
    dropLog(file);
    const [newest] = backupsOf(file);
    if (newest !== undefined)
      notes.push(
        `there was no catalog, so an empty one was made; there is a backup of an earlier one: ${quote(newest)}`,
      );
    return false;
  }
  const { bytes, isSqlite, schema } = headerOf(file);
  if (isSqlite && schema > migrations.length) throw newerSchema(file, schema, migrations.length);
  const log = inspectLog(file);
  let aside: string | undefined;
  if (log?.damagedAt !== undefined) {
    aside = setAside(file);
    notes.push(
      `the log of the catalog was damaged at byte ${log.damagedAt}: the last changes (up to ${log.lost}) may be missing; the files as they were are in ${quote(aside)}`,
    );
  }
  const doubted = existsSync(suspicion(file)) || log?.damagedAt !== undefined;
  const problems = isSqlite
    ? look(file, migrations, { doubted, small: bytes <= CHECKED_AT_OPENING }, () => void (aside ??= setAside(file)))
    : bytes === 0 && backupsOf(file).length === 0 && log === undefined
      ? []
      : [`the file does not begin as a database does (${bytes} bytes)`];
  if (problems.length > 0) rebuild(file, migrations, problems, notes, aside);
  rmSync(suspicion(file), { force: true });
  return log !== undefined;
}

/** The problems of a catalog. Calls `damaged` before SQLite moves the log into the file and deletes it. */
function look(
  file: string,
  migrations: readonly Migration[],
  how: { doubted: boolean; small: boolean },
  damaged: () => void,
): string[] {
  let database: Database.Database;
  try {
    database = connect(file, { reads: true });
  } catch (error) {
    if (/^SQLITE_(CORRUPT|NOTADB)/.test((error as { code?: string }).code ?? '')) return [(error as Error).message];
    throw error;
  }
  let problems: string[] = [];
  try {
    problems = glance(database);
    if (problems.length > 0) return problems;
    refuseForeignSchema(database, file, migrations);
    if (how.doubted || how.small) problems = problemsIn(database, { full: true });
  } catch (error) {
    if (error instanceof VeraError) throw error;
    problems = [(error as Error).message];
  } finally {
    if (problems.length > 0) damaged();
    database.close();
  }
  return problems;
}

/** Copies the files of a catalog to the folder damaged/, from which nothing is ever deleted. Returns the new folder in it. */
function setAside(file: string): string {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  let folder = join(dirname(file), 'damaged', stamp);
  for (let i = 2; existsSync(folder); i++) folder = join(dirname(file), 'damaged', `${stamp}-${i}`);
  makeFolder(folder, 0o700);
  for (const name of [file, `${file}-wal`]) if (existsSync(name)) copyDurably(name, join(folder, basename(name)));
  syncFolder(folder);
  return folder;
}

function copyDurably(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  const fd = openSync(to, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function dropLog(file: string): void {
  for (const name of [`${file}-wal`, `${file}-shm`]) rmSync(name, { force: true });
}

/** Makes a whole catalog from the newest whole backup and every row that can still be read, and puts it in place. */
function rebuild(
  file: string,
  migrations: readonly Migration[],
  problems: readonly string[],
  notes: string[],
  known: string | undefined,
): void {
  const aside = known ?? setAside(file);
  const made = `${file}.recovered`;
  for (const name of [made, `${made}-wal`, `${made}-shm`]) rmSync(name, { force: true });
  const backup = backupsOf(file).find((one) => problemsOf(one, { full: true }).length === 0);
  if (backup !== undefined) copyDurably(backup, made);
  const to = connect(made);
  let rows = { copied: 0, refused: 0 };
  try {
    migrate(to, migrations, Date.now());
    addMetricColumns(to);
    // Try it with its log, as SQLite sees it, and without: a log that was half read may hide whole pages.
    for (const withLog of [false, true]) rows = mergeFrom(aside, basename(file), withLog, to) ?? rows;
    const left = problemsIn(to, { full: true });
    if (left.length > 0)
      throw new VeraError(
        'catalog',
        `the catalog ${quote(file)} could not be put together again (${left[0]!}); the damaged file is in ${quote(aside)}`,
      );
    to.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    to.close();
  }
  dropLog(file);
  renameSync(made, file);
  syncFolder(dirname(file));
  notes.push(
    `the catalog was damaged (${problems[0]!.split('\n')[0]!.slice(0, 200)}): ${
      backup === undefined ? 'there was no whole backup' : `taken from the backup ${quote(backup)}`
    }, and ${rows.copied} rows that could still be read were taken over${rows.refused > 0 ? ` (${rows.refused} not)` : ''}; the damaged file is in ${quote(aside)}`,
  );
}

/** Salvages rows from a copy of the set-aside files, so that those stay as they were found. */
function mergeFrom(
  aside: string,
  name: string,
  withLog: boolean,
  to: Database.Database,
): { copied: number; refused: number } | undefined {
  const source = join(aside, name);
  if (!existsSync(source)) return undefined;
  const copy = `${to.name}-source`;
  const remove = (): void => ['', '-wal', '-shm'].forEach((end) => rmSync(copy + end, { force: true }));
  remove();
  let from: Database.Database | undefined;
  try {
    copyFileSync(source, copy, constants.COPYFILE_FICLONE);
    if (withLog && existsSync(`${source}-wal`)) copyFileSync(`${source}-wal`, `${copy}-wal`);
    from = new Database(copy);
    return salvage(from, to);
  } catch (error) {
    if (!/^SQLITE_(CORRUPT|NOTADB|CANTOPEN)/.test((error as { code?: string }).code ?? '')) throw error;
    return undefined; // it is no longer a database
  } finally {
    from?.close();
    remove();
  }
}
