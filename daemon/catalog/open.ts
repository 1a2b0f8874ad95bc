import { chmodSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Kysely } from 'kysely';
import { makeFolder } from '../formats/folder.ts';
import { ioError } from '../formats/read.ts';
import type { Event } from '../protocol/events.ts';
import { backUp } from './backup.ts';
import { Changes } from './change.ts';
import type { Change } from './change.ts';
import { addMetricColumns } from './metrics.ts';
import { migrate, refuseForeignSchema, schemaOf } from './migrate.ts';
import type { Migration } from './migrations/migration.ts';
import { MIGRATIONS } from './migrations/registry.ts';
import type { Db, Schema } from './schema.ts';
import { makeWhole, suspect } from './recover.ts';
import { startUpkeep } from './upkeep.ts';
import { assertDurable, CatalogDialect, catalogError, connect, isDamage, isDurable } from './sqlite.ts';

export type { Change } from './change.ts';
export type { Db } from './schema.ts';

/** An open catalog. Only one process opens it. Readers see the last commit, even while a change is running. */
export interface Catalog {
  /** For reading only. */
  readonly db: Db;
  readonly file: string;
  readonly schema: number;
  /** Sentences for people: what was found damaged at opening and repaired. */
  readonly notes: string[];
  /** Runs one transaction with its events and audit lines. Changes run one after another. */
  change<T>(work: (change: Change) => Promise<T>): Promise<T>;
  /** Calls a listener with the events of each commit, in the order of numbers. Returns a function that stops this. */
  onEvents(listener: (events: readonly Event[]) => void): () => void;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly migrations?: readonly Migration[];
}

/** Opens the catalog. Creates it, and its folder (mode 0700), if it is missing. Throws VeraError 'catalog' or 'io'. */
export async function openCatalog(path: string, options: OpenOptions = {}): Promise<Catalog> {
  const file = resolve(path);
  const migrations = options.migrations ?? MIGRATIONS;
  const notes: string[] = [];
  const failed = (error: unknown) => {
    if (isDamage(error)) suspect(file, (error as Error).message);
    const system = error instanceof Error && 'syscall' in error;
    return system ? ioError(error, 'use', file) : catalogError(error, file);
  };
  makePrivateFolder(dirname(file));
  try {
    const unclean = makeWhole(file, migrations, notes);
    const writing = connect(file);
    try {
      refuseForeignSchema(writing, file, migrations);
      const before = schemaOf(writing);
      if (before < migrations.length) {
        if (before > 0) backUp(writing, file, `schema-${before}`);
        migrate(writing, migrations, Date.now());
        writing.pragma('wal_checkpoint(TRUNCATE)'); // so that the header of the file has the number of the schema
      }
      addMetricColumns(writing);
      assertDurable(writing, file);
      const reading = connect(file, { reads: true });
      const writer = new Kysely<Schema>({ dialect: new CatalogDialect(writing, failed) });
      const db = new Kysely<Schema>({ dialect: new CatalogDialect(reading, failed) });
      const upkeep = startUpkeep(writing, file, { notes, unclean });
      let asserted = false;
      const changes = new Changes(writer, () => {
        if (!asserted) isDurable(writing, file); // SQLite falls back to NORMAL only with the first write
        asserted = true;
        upkeep.changed();
      });
      return {
        db,
        file,
        schema: migrations.length,
        notes,
        change: (work) => changes.change(work),
        onEvents: (listener) => changes.onEvents(listener),
        async close() {
          await changes.close();
          await upkeep.stop();
          await db.destroy();
          await writer.destroy();
          reading.close(); // kysely only closes a connection that it has used
          writing.close(); // last, so that it moves the log into the file
        },
      };
    } catch (error) {
      writing.close();
      throw error;
    }
  } catch (error) {
    throw failed(error);
  }
}

function makePrivateFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
    chmodSync(folder, 0o700); // other users must not see adapters and the paths of datasets
  } catch (error) {
    throw ioError(error, 'make', folder);
  }
}
