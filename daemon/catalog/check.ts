import { existsSync, statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { readExactly, withFile } from '../formats/read.ts';
import { connect } from './sqlite.ts';

/**
 * The problems of a database file, in the words of SQLite; empty if the file is whole. `full` also compares indexes with
 * tables.
 */
export function problemsOf(file: string, options: { full: boolean }): string[] {
  let database: Database.Database | undefined;
  try {
    database = connect(file, { reads: true });
    return problemsIn(database, options);
  } catch (error) {
    return [(error as Error).message];
  } finally {
    database?.close();
  }
}

/** problemsOf for an open connection. */
export function problemsIn(database: Database.Database, { full }: { full: boolean }): string[] {
  try {
    const rows = database.pragma(full ? 'integrity_check(20)' : 'quick_check(20)') as Record<string, string>[];
    const problems = rows.map((row) => Object.values(row)[0]!).filter((text) => text !== 'ok');
    if (full && problems.length === 0) {
      const dangling = database.pragma('foreign_key_check') as { table: string; parent: string }[];
      problems.push(...dangling.slice(0, 20).map((row) => `a row of ${row.table} points at no row of ${row.parent}`));
    }
    return problems;
  } catch (error) {
    return [(error as Error).message];
  }
}

/**
 * Reads the first page of every table and index, which takes a few milliseconds at any size. This is enough to recognise a file
 * that cannot be used. Returns the problems.
 */
export function glance(database: Database.Database): string[] {
  try {
    const tables = database
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'`)
      .pluck()
      .all() as string[];
    for (const table of tables) {
      database.prepare(`SELECT 1 FROM "${table}" LIMIT 1`).get();
    }
    const pages = database.pragma('page_count', { simple: true }) as number;
    const size = database.pragma('page_size', { simple: true }) as number;
    const bytes = statSync(database.name).size;
    const log = existsSync(`${database.name}-wal`) ? statSync(`${database.name}-wal`).size : 0;
    return bytes < pages * size && log === 0
      ? [`the file has ${bytes} bytes where its header says ${pages * size}: it was cut`]
      : [];
  } catch (error) {
    return [(error as Error).message];
  }
}

const HEAD = 100; // bytes of the header of a database

/** The facts in the header of a file, read without SQLite, which would write files beside it. */
export function headerOf(file: string): { bytes: number; isSqlite: boolean; schema: number } {
  return withFile(file, (fd, bytes) => {
    const head = Buffer.alloc(HEAD);
    head.set(readExactly(fd, file, 0, Math.min(HEAD, bytes)));
    const isSqlite = head.subarray(0, 16).toString('latin1') === 'SQLite format 3\0';
    return { bytes, isSqlite, schema: head.readUInt32BE(60) };
  });
}
