import type Database from 'better-sqlite3';
import { isTaken } from './sqlite.ts';

/** Tables, ordered so that a table comes after the tables that it points to. */
const TABLES = [
  'user', 'project', 'base_model', 'dataset', 'job', 'job_need', 'attempt', 'run', 'metric', 'sample', 'layout', 'frozen',
  'frozen_tensor', 'adapter', 'adapter_vectors', 'active_adapter', 'export', 'completion_day',
  'completion_open', 'completion_text', 'audit', 'event', 'trash', 'state',
] as const; // prettier-ignore
/** Tables whose rows never change: an existing copy is as good as one from a damaged file, and safer. */
const LASTING: readonly string[] = ['layout', 'frozen', 'frozen_tensor', 'adapter_vectors', 'audit', 'event'];
const JSON_COLUMNS: readonly string[] = [
  'tags',
  'options',
  'sites',
  'tensors',
  'shape',
  'settings',
  'report',
  'details',
  'spec',
  'progress',
  'result',
  'error',
  'body',
  'counted',
  'latency',
];
const MAX_PROBES = 2_000_000; // rows that are tried one by one in the damaged part of a table; takes half a minute
const STEP = 1000; // gap between the latest known number and the next new one, so that no lost number is used again

type Row = Record<string, unknown>;
/** What SQLite says about a foreign key. */
type Link = Readonly<Record<'table' | 'from' | 'to' | 'on_delete', string>>;

/**
 * Copies every row that can still be read from a damaged database into a whole one with the same schema, in addition to the
 * rows that are there. Returns how many rows were copied, and how many could be read but not kept.
 */
export function salvage(from: Database.Database, to: Database.Database): { copied: number; refused: number } {
  let [copied, refused] = [0, 0];
  to.pragma('foreign_keys = OFF');
  to.transaction(() => {
    for (const table of TABLES) {
      const put = writerOf(to, table);
      for (const row of readableRows(from, table)) {
        if (isSound(table, row) && put(row)) copied++;
        else refused++;
      }
    }
    keepNumbers(from, to);
    mendReferences(to);
    to.exec(`INSERT INTO adapter_search (adapter_search) VALUES ('rebuild');
      UPDATE user SET adapters = (SELECT count(*) FROM adapter WHERE user_id = user.id AND deleted_at IS NULL);
      UPDATE project SET adapters = (SELECT count(*) FROM adapter WHERE project_id = project.id AND deleted_at IS NULL);`);
  })();
  to.pragma('foreign_keys = ON');
  return { copied, refused };
}

/** Whether the texts of a row that must be JSON are JSON. */
function isSound(table: string, row: Row): boolean {
  return Object.entries(row).every(([column, value]) => {
    if (typeof value !== 'string') return true;
    if (value.includes('\ufffd') || value.includes('\0')) return false; // the bytes are not text
    if (!JSON_COLUMNS.includes(column) || (table === 'base_model' && column === 'spec')) return true;
    try {
      JSON.parse(value);
      return true;
    } catch {
      return false;
    }
  });
}

/** The readable rows of a table: from both ends towards the damage, and one by one inside it. */
function* readableRows(database: Database.Database, table: string): Generator<Row> {
  const keys = primaryKey(database, table);
  if (keys.length === 0) return;
  const columns = keys.map((key) => `"${key}"`);
  const key = (row: Row): string => JSON.stringify(keys.map((name) => row[name]));
  const seen = new Set<string>();
  let whole = true;
  for (const direction of ['ASC', 'DESC']) {
    const order = columns.map((column) => `${column} ${direction}`).join(', ');
    try {
      const rows = database
        .prepare(`SELECT * FROM "${table}" NOT INDEXED ORDER BY ${order}`)
        .iterate() as Iterable<Row>;
      for (const row of rows) {
        const at = key(row);
        if (seen.has(at)) return; // reached the rows from the other direction
        seen.add(at);
        yield row;
      }
      if (direction === 'ASC') return;
    } catch {
      whole = false;
    }
  }
  if (whole || keys.length !== 1 || table === 'state') return;
  yield* probe(database, table, keys[0]!, seen);
}

function* probe(database: Database.Database, table: string, id: string, seen: Set<string>): Generator<Row> {
  let highest = 0;
  for (const at of seen) highest = Math.max(highest, Number(JSON.parse(at)[0])); // eslint-disable-line
  const last = Math.max(highest, sequenceOf(database, table) ?? highest + STEP);
  let get: Database.Statement;
  try {
    get = database.prepare(`SELECT * FROM "${table}" NOT INDEXED WHERE "${id}" = ?`);
  } catch {
    return;
  }
  for (let number = 1; number <= Math.min(last, MAX_PROBES); number++) {
    if (seen.has(JSON.stringify([number]))) continue;
    try {
      const row = get.get(number) as Row | undefined;
      if (row) yield row;
    } catch {
      // this one lies on a damaged page
    }
  }
}

function primaryKey(database: Database.Database, table: string): string[] {
  try {
    const columns = database.pragma(`table_info("${table}")`) as { name: string; pk: number }[];
    return columns
      .filter(({ pk }) => pk > 0)
      .sort((one, two) => one.pk - two.pk)
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function sequenceOf(database: Database.Database, table: string): number | undefined {
  try {
    return database.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').pluck().get(table) as number | undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns a function that stores a row and replaces the one with the same key. It returns false if the row cannot be stored.
 */
function writerOf(database: Database.Database, table: string): (row: Row) => boolean {
  const known = (database.pragma(`table_info("${table}")`) as { name: string; pk: number }[]).map(({ name }) => name);
  const keys = primaryKey(database, table);
  const statements = new Map<string, Database.Statement>();
  const write = (row: Row): void => {
    const columns = Object.keys(row).filter((column) => known.includes(column));
    const id = columns.join();
    let statement = statements.get(id);
    if (!statement) {
      const rest = columns.filter((column) => !keys.includes(column));
      const update = rest.map((column) => `"${column}" = excluded."${column}"`).join(', ');
      statement = database.prepare(
        `INSERT INTO "${table}" (${columns.map((column) => `"${column}"`).join(', ')})
         VALUES (${columns.map(() => '?').join(', ')})
         ON CONFLICT (${keys.map((column) => `"${column}"`).join(', ')})
         ${update === '' || LASTING.includes(table) ? 'DO NOTHING' : `DO UPDATE SET ${update}`}`,
      );
      statements.set(id, statement);
    }
    statement.run(...columns.map((column) => row[column]));
  };
  return (row) => {
    try {
      write(row);
      return true;
    } catch (error) {
      // Since the backup, another row got the name: keep both.
      if (!isTaken(error) || typeof row['name'] !== 'string') return false;
    }
    try {
      write({ ...row, name: `${row['name'].slice(0, 180)} (${String(row['id'])})` });
      return true;
    } catch {
      return false;
    }
  };
}

/** Continues numbers well above the highest known one, so that a lost number is never given to something else. */
function keepNumbers(from: Database.Database, to: Database.Database): void {
  const rows = to.prepare('SELECT name, seq FROM sqlite_sequence').all() as { name: string; seq: number }[];
  const update = to.prepare('UPDATE sqlite_sequence SET seq = ? WHERE name = ?');
  for (const { name, seq } of rows) update.run(Math.max(seq, sequenceOf(from, name) ?? 0) + STEP, name);
}

/**
 * Repairs rows that point to a lost row: creates lost owners again, clears a pointer that may be empty, and deletes the
 * other rows.
 */
function mendReferences(database: Database.Database): void {
  const now = Date.now();
  for (const kind of ['user', 'project']) {
    for (const table of ['adapter', 'run', 'job'])
      database
        .prepare(
          `INSERT INTO "${kind}" (id, name, created_at) SELECT DISTINCT ${kind}_id, 'recovered-' || ${kind}_id, ? FROM "${table}"
           WHERE ${kind}_id IS NOT NULL AND ${kind}_id NOT IN (SELECT id FROM "${kind}")`,
        )
        .run(now);
  }
  for (let again = true; again;) {
    again = false;
    for (const table of TABLES) {
      const columns = database.pragma(`table_info("${table}")`) as { name: string; notnull: number }[];
      const links = database.pragma(`foreign_key_list("${table}")`) as Link[];
      for (const link of links) {
        const dangling = `"${link.from}" IS NOT NULL AND "${link.from}" NOT IN (SELECT "${link.to}" FROM "${link.table}")`;
        const needed = columns.find(({ name }) => name === link.from)!.notnull === 1 || link.on_delete === 'CASCADE';
        const { changes } = needed
          ? database.prepare(`DELETE FROM "${table}" WHERE ${dangling}`).run()
          : database.prepare(`UPDATE "${table}" SET "${link.from}" = NULL WHERE ${dangling}`).run();
        if (changes > 0) again = true;
      }
    }
  }
}
