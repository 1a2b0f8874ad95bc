import Database from 'better-sqlite3';
import { CompiledQuery, SqliteDialect, SqliteDriver } from 'kysely';
import type { DatabaseConnection, Driver, QueryResult } from 'kysely';
import { quote } from '../formats/quote.ts';
import { VeraError } from '../protocol/errors.ts';

const BUSY_MS = 5000; // another program that reads the file is done by then
const MAX_STATEMENTS = 500; // prepared statements that are kept; there are few kinds of queries, but combinations of filters multiply them

const MAX_LOG = 64 * 2 ** 20; // bytes that the log may keep on the disk after a large change

/** Opens a connection with the settings that every connection to a catalog needs. Throws the errors of SQLite. */
export function connect(file: string, options: { reads?: boolean } = {}): Database.Database {
  const database = new Database(file, { timeout: BUSY_MS });
  try {
    database.pragma('foreign_keys = ON');
    database.pragma('trusted_schema = OFF'); // a file from a stranger must not run functions through its schema
    database.pragma('cell_size_check = ON'); // notice damage when a page is read, before it spreads
    if (options.reads) database.pragma('query_only = ON');
    else {
      database.pragma('journal_mode = WAL');
      database.pragma(`journal_size_limit = ${MAX_LOG}`);
      assertDurable(database, file);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Sets, and asserts, that a commit is on the disk when it returns. better-sqlite3 is built to fall back to NORMAL with the
 * first write in WAL mode unless the setting was made explicitly. A power cut would then lose acknowledged changes.
 */
export function assertDurable(database: Database.Database, file: string): void {
  database.pragma('synchronous = FULL');
  isDurable(database, file);
}

/** Only the assertion, for use after a write. */
export function isDurable(database: Database.Database, file: string): void {
  const [journal, synchronous] = ['journal_mode', 'synchronous'].map((name) => database.pragma(name, { simple: true }));
  if (journal !== 'wal' || synchronous !== 2)
    throw new VeraError(
      'catalog',
      `cannot keep ${quote(file)} safely: the file system gives SQLite journal ${String(journal)} with synchronous ${String(synchronous)} instead of wal with 2; put VERA_HOME on a local disk`,
    );
}

/** Explains an error of SQLite to a person. Errors of constraints stay as they are, because the callers explain them. */
export function catalogError(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const { code } = error;
  const io = (reason: string) =>
    new VeraError('io', `cannot use the catalog ${quote(file)}: ${reason} (${code})`, { cause: error });
  if (isDamage(error))
    return new VeraError(
      'catalog',
      `the catalog ${quote(file)} is damaged (${code}): restart the daemon, which keeps the damaged file and continues with what is whole`,
      { cause: error },
    );
  if (code.startsWith('SQLITE_FULL')) return io('the disk is full; free some space and try again');
  if (code.startsWith('SQLITE_READONLY')) return io('it may only be read; give yourself the right to write there');
  if (code.startsWith('SQLITE_CANTOPEN')) return io('it cannot be opened; check the folder and its permissions');
  if (code.startsWith('SQLITE_IOERR')) return io('the disk reported an error or is full');
  if (code.startsWith('SQLITE_PERM') || code.startsWith('SQLITE_AUTH')) return io('permission is denied');
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return io('another program holds it');
  return error;
}

/** Whether an error says that the file is damaged. */
export const isDamage = (error: unknown): boolean =>
  error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);

/** Whether an error says that a name or another unique value is taken. */
export const isTaken = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code === 'SQLITE_CONSTRAINT_UNIQUE';

/** kysely on one connection. Statements are prepared once; transactions take the write lock when they begin. */
export class CatalogDialect extends SqliteDialect {
  readonly #database: Database.Database;
  readonly #failed: (error: unknown) => unknown;

  /** `failed` turns an error of SQLite into the error that callers get. */
  constructor(database: Database.Database, failed: (error: unknown) => unknown) {
    super({ database });
    this.#database = database;
    this.#failed = failed;
  }

  override createDriver(): Driver {
    return new CatalogDriver(this.#database, this.#failed);
  }
}

class CatalogDriver extends SqliteDriver {
  readonly #database: Database.Database;
  readonly #connection: DatabaseConnection;

  constructor(database: Database.Database, failed: (error: unknown) => unknown) {
    super({ database });
    this.#database = database;
    this.#connection = new Connection(database, failed);
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  override async beginTransaction(): Promise<void> {
    await this.#connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  override async rollbackTransaction(): Promise<void> {
    // A full disk makes SQLite roll back by itself.
    if (this.#database.inTransaction) await this.#connection.executeQuery(CompiledQuery.raw('rollback'));
  }
}

class Connection implements DatabaseConnection {
  readonly #database: Database.Database;
  readonly #failed: (error: unknown) => unknown;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(database: Database.Database, failed: (error: unknown) => unknown) {
    this.#database = database;
    this.#failed = failed;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const statement = this.#prepared(query.sql);
      const parameters = query.parameters as unknown[];
      if (statement.reader) return { rows: statement.all(...parameters) as R[] };
      const { changes, lastInsertRowid } = statement.run(...parameters);
      return { insertId: BigInt(lastInsertRowid), numAffectedRows: BigInt(changes), rows: [] };
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #prepared(text: string): Database.Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
      this.#statements.set(text, statement);
    }
    return statement;
  }

  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('a stream would hold the connection while others wait: read pages instead');
  }
}
