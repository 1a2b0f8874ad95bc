import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { beginAttempt, OVER, readJob, updateJob } from '../catalog/jobs.ts';
import type { Catalog, Change } from '../catalog/open.ts';
import { pauseMs } from '../protocol/backoff.ts';
import { type ErrorFacts, factsOf, VeraError } from '../protocol/errors.ts';
import type { Job } from '../protocol/jobs.ts';
import { clearJob, jobFolder } from './folders.ts';
import { findKind } from './kinds/registry.ts';
import type { Estimate, FromWorker } from './messages.ts';
import { computes, type RunningJob } from './schedule.ts';
import { settle, settleFailed } from './settle.ts';
import { setState, tell } from './state.ts';
import { taskOf } from './task.ts';
import { type Telling, writeTellings } from './tellings.ts';
import { type Ended, startWorker, type WatchOptions, type WorkerProcess } from './workerProcess.ts';

/** What workers tell is written so often; a state change takes along what is not written yet. */
const WRITE_MS = 75;
/** A job's own event, for those who follow all jobs, comes at most so often while it runs. */
const JOB_EVENT_MS = 1000;
/** Tellings kept while the disk refuses them; the oldest go first. */
const MAX_KEPT = 10_000;
const RETRY = { firstMs: 200, longestMs: 5000 };

const pauses = (kind: string): boolean => findKind(kind)?.pauses ?? false;

export interface RunnerOptions {
  readonly catalog: Catalog;
  readonly log: Logger;
  readonly watch: WatchOptions;
  readonly maxCrashes: number;
  /** A worker that was cancelled and does not end is killed after so long. */
  readonly cancelMs: number;
  /** Whether a job just estimated can run now; what to do otherwise. */
  readonly fit: (memoryBytes: number) => { never?: string; notNow?: string };
  /** Hears of every job that changed, after the commit. */
  readonly onJob: (job: Job) => void;
  /** Hears that a worker is gone, and with it a place and memory are free. */
  readonly onGone: (id: number, crashed: boolean) => void;
}

interface Entry {
  readonly id: number;
  readonly kind: string;
  run: number | null;
  progress: Job['progress'];
  memoryBytes: number | null;
  worker?: WorkerProcess;
  /** Its attempt is in the catalog. */
  begun: boolean;
  /** Its attempt is on its way into the catalog. */
  beginning: boolean;
  /** Asked to stop. */
  asked: boolean;
  /** It was only estimated, and waits again. */
  dropped: boolean;
  movedOn: boolean;
  tellings: Telling[];
  writing: boolean;
  toldAt: number;
  /** Resolves when its end is in the catalog. */
  gone: Promise<void>;
}

/** Runs attempts: starts workers, writes what they tell, and settles what becomes of their jobs. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #entries = new Map<number, Entry>();
  #writer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  has = (id: number): boolean => this.#entries.has(id);
  get size(): number {
    return this.#entries.size;
  }

  running(except?: number): RunningJob[] {
    return [...this.#entries.values()]
      .filter(({ id, dropped }) => id !== except && !dropped)
      .map(({ kind, memoryBytes, worker }) => ({ kind, memoryBytes, rssBytes: worker?.rssBytes() ?? 0 }));
  }

  /** Starts the next attempt of a queued job. */
  launch(id: number, kind: string): void {
    const entry: Entry = {
      ...{
        id,
        kind,
        run: null,
        progress: {},
        memoryBytes: null,
        begun: false,
        beginning: false,
        asked: false,
        dropped: false,
      },
      ...{ movedOn: false, tellings: [], writing: false, toldAt: 0, gone: Promise.resolve() },
    };
    this.#entries.set(id, entry);
    entry.gone = this.#attempt(entry).catch((error: unknown) => {
      this.#options.log.error({ err: error, job: id }, 'the end of an attempt could not be written');
    });
  }

  /** Asks a worker to stop at a checkpoint; `kill`: and ends it where it does not, or need not. */
  ask(id: number, kill: 'never' | 'later' | 'now'): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (!entry.begun) this.#drop(entry);
    else {
      entry.asked = true;
      entry.worker?.stop();
      if (kill === 'now') entry.worker?.kill('it was ended');
      if (kill === 'later') setTimeout(() => entry.worker?.kill('it was ended'), this.#options.cancelMs).unref();
    }
  }

  /** Takes workers back that have only been estimating. */
  dropWaiting(): void {
    for (const entry of this.#entries.values()) if (!entry.begun && !entry.beginning) this.#drop(entry);
  }

  /** Every worker to a checkpoint, those without one and those too slow are killed; their jobs are queued again. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    for (const { id, kind } of this.#entries.values()) this.ask(id, pauses(kind) ? 'never' : 'now');
    const killer = setTimeout(() => {
      for (const { worker } of this.#entries.values()) worker?.kill('the daemon was stopped');
    }, graceMs);
    await Promise.all([...this.#entries.values()].map(({ gone }) => gone));
    clearTimeout(killer);
    clearTimeout(this.#writer);
  }

  #drop(entry: Entry): void {
    entry.dropped = true;
    entry.worker?.kill('it is not wanted now');
  }

  async #attempt(entry: Entry): Promise<void> {
    const { id } = entry;
    let ended: Ended | undefined;
    try {
      ended = await this.#work(entry);
    } catch (error) {
      const known = error instanceof VeraError;
      if (!known) this.#options.log.error({ err: error, job: id }, 'an attempt could not be started');
      const message = error instanceof Error ? error.message : String(error);
      ended = { how: 'error', error: known ? factsOf(error) : { code: 'runtime', message }, stack: '' };
    }
    if (ended && (entry.begun || !entry.dropped)) await this.#settle(entry, ended);
    this.#entries.delete(id);
    this.#options.onGone(id, ended?.how === 'crashed' && !entry.dropped);
  }

  /** The worker's life; undefined where the job is no longer to be run. */
  async #work(entry: Entry): Promise<Ended | undefined> {
    const { catalog, watch, log } = this.#options;
    const { id, kind } = entry;
    const job = await readJob(catalog.db, id);
    if (job.state !== 'queued') return undefined;
    Object.assign(entry, { run: job.run, progress: job.progress, memoryBytes: job.memoryBytes });
    const task = await taskOf(catalog, job);
    const estimate = computes(kind) && job.memoryBytes === null;
    if (entry.dropped || (!estimate && !(await this.#begin(entry)))) return undefined;
    const start = { type: 'start', task, folder: jobFolder(id), estimate, measure: false } as const;
    entry.worker = startWorker(start, (message) => this.#hear(entry, message), watch);
    log.info({ job: id, kind, worker: entry.worker.pid }, 'a worker was started');
    if (entry.asked) entry.worker.stop();
    if (entry.dropped || (entry.asked && this.#stopping && !pauses(kind))) entry.worker.kill('it is not wanted now');
    const ended = await entry.worker.ended;
    const { outcome: _, ...shown } = { outcome: undefined, ...ended };
    log.info({ job: id, worker: entry.worker.pid, ...shown }, 'a worker ended');
    return ended;
  }

  /** Writes that an attempt begins; false where the job is no longer queued. */
  async #begin(entry: Entry, memoryBytes = entry.memoryBytes): Promise<boolean> {
    const { catalog, onJob } = this.#options;
    entry.beginning = true;
    const job = await catalog.change(async (change) => {
      const before = await readJob(change.db, entry.id);
      if (before.state !== 'queued' || entry.dropped) return undefined;
      await beginAttempt(change.db, entry.id, change.now);
      return setState(change, before, 'running', { startedAt: before.startedAt ?? change.now, memoryBytes });
    });
    if (!job) return false;
    entry.begun = true;
    onJob(job);
    return true;
  }

  #hear(entry: Entry, message: FromWorker): void {
    if (message.type === 'estimate') {
      this.#estimated(entry, message.estimate).catch((error: unknown) => {
        this.#options.log.error({ err: error, job: entry.id }, 'an estimate could not be written');
        this.#drop(entry);
      });
    }
    if (message.type !== 'event' && message.type !== 'opened' && message.type !== 'metrics') return;
    if (message.type === 'event' && message.event['event'] === 'checkpoint') entry.movedOn = true;
    entry.tellings.push(message);
    this.#writer ??= setTimeout(() => {
      this.#writer = undefined;
      for (const one of this.#entries.values()) this.#write(one);
    }, WRITE_MS);
  }

  async #estimated(entry: Entry, { memoryBytes }: Estimate): Promise<void> {
    const { catalog, fit, onJob } = this.#options;
    const { never, notNow } = fit(memoryBytes);
    entry.memoryBytes = memoryBytes;
    if (never === undefined && notNow === undefined && !this.#stopping) {
      if (await this.#begin(entry, memoryBytes)) entry.worker?.go();
      else this.#drop(entry);
      return;
    }
    const job = await catalog.change(async (change) => {
      const before = await readJob(change.db, entry.id);
      if (before.state !== 'queued') return before;
      if (never !== undefined)
        return setState(change, before, 'failed', { memoryBytes, error: { code: 'runtime', message: never } });
      await updateJob(change.db, entry.id, { memoryBytes, ...(notNow === undefined ? {} : { waitingFor: notNow }) });
      return tell(change, entry.id);
    });
    this.#drop(entry);
    onJob(job);
  }

  /** Writes what a worker told since the last time. */
  #write(entry: Entry): void {
    if (entry.writing || entry.tellings.length === 0) return;
    entry.writing = true;
    let taken: Telling[] = [];
    this.#options.catalog
      .change(async (change) => {
        taken = entry.tellings.splice(0);
        await this.#tellingsOf(change, entry, taken);
        if (performance.now() - entry.toldAt < JOB_EVENT_MS) return;
        entry.toldAt = performance.now();
        await tell(change, entry.id);
      })
      .catch((error: unknown) => {
        entry.tellings = [...taken, ...entry.tellings].slice(-MAX_KEPT);
        this.#options.log.error({ err: error, job: entry.id }, 'what a worker told could not be written');
      })
      .finally(() => (entry.writing = false));
  }

  async #tellingsOf(change: Change, entry: Entry, tellings: readonly Telling[]): Promise<void> {
    if (tellings.length > 0) entry.progress = await writeTellings(change, entry, tellings);
  }

  async #settle(entry: Entry, ended: Ended): Promise<void> {
    const { catalog, maxCrashes, log, onJob } = this.#options;
    const { id } = entry;
    const { movedOn } = entry;
    const attempt = { movedOn, stopping: this.#stopping, maxCrashes };
    let taken: Telling[] = [];
    const once = () =>
      catalog.change(async (change) => {
        taken = entry.tellings.splice(0);
        await this.#tellingsOf(change, entry, taken);
        return settle(change, id, ended, attempt);
      });
    let job: Job;
    try {
      job = await this.#patiently(id, () =>
        once().catch((error: unknown) => {
          entry.tellings = [...taken, ...entry.tellings].slice(-MAX_KEPT);
          throw error;
        }),
      );
    } catch (error) {
      log.error({ err: error, job: id }, 'the outcome of a job could not be written');
      const facts: ErrorFacts =
        error instanceof VeraError
          ? factsOf(error)
          : { code: 'runtime', message: 'its outcome could not be written: unexpected error, see the log' };
      job = await this.#patiently(id, () => catalog.change((change) => settleFailed(change, id, facts)));
    }
    if (OVER.includes(job.state)) clearJob(id, job.spec);
    onJob(job);
  }

  /** Tries a change again while the disk refuses it: a full one may have room again. */
  async #patiently<T>(id: number, change: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await change();
      } catch (error) {
        if (!(error instanceof VeraError) || error.code !== 'io' || this.#stopping) throw error;
        const wait = pauseMs(failures, RETRY);
        this.#options.log.warn(
          { err: error, job: id, wait },
          'the end of an attempt could not be written: trying again',
        );
        await sleep(wait);
      }
    }
  }
}
