import type Database from 'better-sqlite3';
import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Migration } from './migrations/migration.ts';

/** Marks a SQLite file as a catalog ('VeRA'). */
const APPLICATION_ID = 0x56655241;

/** The number of the schema: how many migrations were applied. 0: a new file. */
export const schemaOf = (database: Database.Database): number =>
  database.pragma('user_version', { simple: true }) as number;

/** Refuses a file of another program, or one whose schema this program does not know. Throws VeraError 'catalog'. */
export function refuseForeignSchema(database: Database.Database, file: string, migrations: readonly Migration[]): void {
  const version = schemaOf(database);
  const application = database.pragma('application_id', { simple: true }) as number;
  const tables = database.prepare(`SELECT count(*) FROM sqlite_schema`).pluck().get() as number;
  if (application !== APPLICATION_ID && (tables > 0 || version > 0))
    throw new VeraError('catalog', `${quote(file)} is a database of another program: move it away`);
  if (version > migrations.length) throw newerSchema(file, version, migrations.length);
  if (version === 0) return;
  const names = database.prepare('SELECT name FROM migration ORDER BY number').pluck().all() as string[];
  const unknown = names.find((name, i) => migrations[i]?.name !== name);
  if (names.length !== version || unknown !== undefined)
    throw new VeraError(
      'catalog',
      `${quote(file)} was made by another version of vera (it has ${quote(unknown ?? `${names.length} steps`)} where this one has ${quote(migrations[names.indexOf(unknown ?? '')]?.name ?? `${version}`)}): use that version`,
    );
}

export const newerSchema = (file: string, version: number, known: number): VeraError =>
  new VeraError(
    'catalog',
    `${quote(file)} has schema ${version}, and this vera knows up to ${known}: it was made by a newer version; update vera (the file is left as it is)`,
  );

/**
 * Applies the missing migrations, each in one transaction with its record. A process that is killed half way leaves the old
 * schema.
 */
export function migrate(database: Database.Database, migrations: readonly Migration[], now: number): void {
  for (let number = schemaOf(database) + 1; number <= migrations.length; number++) {
    const { name, sql } = migrations[number - 1]!;
    database
      .transaction(() => {
        if (number === 1) {
          database.pragma(`application_id = ${APPLICATION_ID}`);
          database.exec(
            'CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
          );
        }
        database.exec(sql);
        database.prepare('INSERT INTO migration (number, name, applied_at) VALUES (?, ?, ?)').run(number, name, now);
        database.pragma(`user_version = ${number}`);
      })
      .immediate();
  }
}
