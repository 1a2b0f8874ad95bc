import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kysely, Transaction } from 'kysely';
import { CompiledQuery, sql } from 'kysely';
import type { Event, EventBody } from '../protocol/events.ts';
import type { Schema } from './schema.ts';

/** What a change can use in its transaction. Do nothing slow there: every other change waits. */
export interface Change {
  readonly db: Transaction<Schema>;
  /** Milliseconds since 1970. It is the same for everything that this change writes. */
  readonly now: number;
  /** Adds a durable event. It gets its number when the change commits. */
  emit(body: EventBody): void;
  /** Adds a line to the audit trail. */
  audit(entry: AuditEntry): void;
}

export interface AuditEntry {
  readonly actor: string;
  /** 'create', 'update', 'delete', 'restore', 'activate'... */
  readonly action: string;
  readonly kind: string;
  readonly subject: number | null;
  readonly details?: object;
}

const MAX_GROUP = 100; // changes per commit: enough to share the cost of a flush, few enough that none waits long

const ADD_AUDIT = 'INSERT INTO audit (time, actor, action, kind, subject_id, details) VALUES (?, ?, ?, ?, ?, ?)';
const ADD_EVENT = 'INSERT INTO event (time, type, job_id, body) VALUES (?, ?, ?, ?)';

interface Waiting {
  readonly work: (change: Change) => Promise<unknown>;
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Runs changes one after another, each in a savepoint of its own. Changes that wait together are committed together, with one
 * flush of the disk. After the commit, a change is acknowledged and its events are sent to listeners, in the order of numbers.
 */
export class Changes {
  readonly #writer: Kysely<Schema>;
  readonly #committed: () => void;
  readonly #inside = new AsyncLocalStorage<true>();
  readonly #waiting: Waiting[] = [];
  readonly #listeners = new Set<(events: readonly Event[]) => void>();
  #working: Promise<void> | undefined;
  #closed = false;

  /** `committed` runs after each commit. */
  constructor(writer: Kysely<Schema>, committed: () => void) {
    this.#writer = writer;
    this.#committed = committed;
  }

  change<T>(work: (change: Change) => Promise<T>): Promise<T> {
    if (this.#inside.getStore()) return Promise.reject(new Error('a change inside a change would wait for itself'));
    if (this.#closed) return Promise.reject(new Error('the catalog is closed'));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, done: (value) => resolve(value as T), failed: reject });
      this.#working ??= this.#inside.exit(() => this.#workOff());
    });
  }

  onEvents(listener: (events: readonly Event[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Accepts no more changes. Resolves when the waiting ones are done. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#working) await this.#working;
  }

  async #workOff(): Promise<void> {
    await Promise.resolve(); // changes that are requested in the same turn of the event loop share the first commit
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, MAX_GROUP));
    this.#working = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const settle: (() => void)[] = [];
    const events: Event[] = [];
    try {
      await this.#writer.transaction().execute(async (db) => {
        for (const { work, done, failed } of group) {
          await sql`SAVEPOINT one`.execute(db);
          try {
            const { value, emitted } = await this.#run(db, work);
            await sql`RELEASE one`.execute(db);
            events.push(...emitted);
            settle.push(() => done(value));
          } catch (error) {
            // If SQLite has rolled back everything (a full disk), this fails too, and the whole group with it.
            await sql`ROLLBACK TO one`.execute(db).catch(() => {
              throw error;
            });
            await sql`RELEASE one`.execute(db);
            settle.push(() => failed(error));
          }
        }
      });
      this.#committed();
    } catch (error) {
      for (const { failed } of group) failed(error);
      return;
    }
    for (const one of settle) one();
    if (events.length > 0) for (const listener of [...this.#listeners]) tell(listener, events);
  }

  async #run(db: Transaction<Schema>, work: Waiting['work']): Promise<{ value: unknown; emitted: Event[] }> {
    const now = Date.now();
    const bodies: EventBody[] = [];
    const entries: AuditEntry[] = [];
    const change: Change = {
      db,
      now,
      emit: (body) => void bodies.push(body),
      audit: (entry) => void entries.push(entry),
    };
    const value = await this.#inside.run(true, () => work(change));
    // Prepared statements: building such a query takes longer than running it, and every change has some.
    for (const { actor, action, kind, subject, details } of entries) {
      const values = [now, actor, action, kind, subject, JSON.stringify(details ?? {})];
      await db.executeQuery(CompiledQuery.raw(ADD_AUDIT, values));
    }
    const emitted: Event[] = [];
    for (const body of bodies) {
      const job = body.type === 'job' ? body.job.id : body.type === 'worker' ? body.job : null;
      const { insertId } = await db.executeQuery(
        CompiledQuery.raw(ADD_EVENT, [now, body.type, job, JSON.stringify(body)]),
      );
      emitted.push({ number: Number(insertId), time: now, body });
    }
    return { value, emitted };
  }
}

/** Ignores an error of a listener: the change is committed, and the waiting changes must continue. */
function tell(listener: (events: readonly Event[]) => void, events: readonly Event[]): void {
  try {
    listener(events);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
