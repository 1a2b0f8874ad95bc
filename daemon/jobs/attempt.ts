import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { beginAttempt, readJob, updateJob } from '../catalog/jobs.ts';
import type { Catalog } from '../catalog/open.ts';
import { pauseMs } from '../protocol/backoff.ts';
import { type ErrorFacts, factsOf, VeraError } from '../protocol/errors.ts';
import type { Job } from '../protocol/jobs.ts';
import { OVER } from '../protocol/jobStates.ts';
import { clearJob, jobFolder } from './folders.ts';
import { type Batch, type Collector, collectIncoming } from './incoming.ts';
import type { Estimate, FromWorker } from './messages.ts';
import { computes } from './schedule.ts';
import { settle, settleFailed } from './settle.ts';
import { emitJob, setState } from './state.ts';
import { taskOf } from './task.ts';
import { endedUnwritten, unableToWrite, type Unwritten } from './unwritten.ts';
import { type Ended, startWorker, type WatchOptions, type WorkerProcess } from './workerProcess.ts';

const RETRY = { firstMs: 200, longestMs: 5000 };

export interface AttemptOptions {
  readonly catalog: Catalog;
  readonly log: Logger;
  readonly watch: WatchOptions;
  readonly maxCrashes: number;
  /** Whether a job whose plan was just made can run now, and why not. */
  readonly fit: (memoryBytes: number) => { never?: string; notNow?: string };
  /** The token of the hub that came with a job. */
  readonly hubToken: (id: number) => string | undefined;
  /** Called with every job that changed, after the commit. */
  readonly onJob: (job: Job) => void;
  /** Jobs whose state cannot be written. */
  readonly unwritten: Unwritten;
}

/** One attempt of a job: its worker makes the plan, waits for permission, works, and its end is written into the catalog. */
export interface Attempt {
  readonly kind: string;
  /** Most memory it will take; null while that is being estimated. */
  memoryBytes(): number | null;
  /** Memory of its worker now. */
  rssBytes(): number;
  /** Its worker has permission to work, or is about to get it. */
  isPermitted(): boolean;
  /** Its worker only made the plan, and its job waits again. */
  isDropped(): boolean;
  /** Asks its worker to stop at a checkpoint. A worker that only makes the plan is dropped. */
  stop(): void;
  kill(reason: string): void;
  /** Kills a worker that only makes the plan. */
  drop(): void;
  /** Call it when the daemon is stopped. `canWait`: the worker may take its time to reach a checkpoint. */
  stopWithDaemon(canWait: boolean): void;
  /** Tries at once to write its end, if the disk refused it. */
  writeNow(): void;
  /** Resolves when its end is in the catalog; true where its worker crashed. */
  readonly ended: Promise<boolean>;
}

/** Starts the next attempt of a queued job. */
export function startAttempt(id: number, kind: string, options: AttemptOptions): Attempt {
  const { catalog, log, watch, onJob } = options;
  let worker: WorkerProcess | undefined;
  let incoming: Collector | undefined;
  let memoryBytes: number | null = null;
  /** 'beginning': the catalog is being told that the attempt begins. */
  let phase: 'estimating' | 'beginning' | 'begun' = 'estimating';
  let wake: () => void = () => undefined;
  let [dropped, asked, stopping, killAtStart, movedOn] = [false, false, false, false, false];

  function drop(): void {
    dropped = true;
    worker?.kill('it is not wanted now');
  }

  function stop(): void {
    if (phase !== 'begun') return drop();
    asked = true;
    worker?.stop();
  }

  /** Runs the worker. Undefined if the job should no longer run. */
  async function work(): Promise<Ended | undefined> {
    const job = await readJob(catalog.db, id);
    if (job.state !== 'queued') return undefined;
    incoming = collectIncoming({ catalog, log }, job, {
      refused: (progress) => void told((now) => unableToWrite({ ...now, progress: { ...now.progress, ...progress } })),
      written: () => options.unwritten.clear(id),
    });
    ({ memoryBytes } = job);
    const task = await taskOf(catalog, job);
    const estimate = computes(kind) && memoryBytes === null;
    if (dropped || (!estimate && !(await begin()))) return undefined;
    worker = startWorker(
      { type: 'start', task, folder: jobFolder(id), estimate, hubToken: options.hubToken(id) },
      hear,
      watch,
    );
    log.info({ job: id, kind, worker: worker.pid }, 'a worker was started');
    if (asked) worker.stop();
    if (dropped || killAtStart) worker.kill('it is not wanted now');
    const ended = await worker.ended;
    const { outcome: _, ...shown } = { outcome: undefined, ...ended };
    log.info({ job: id, worker: worker.pid, ...shown }, 'a worker ended');
    return ended;
  }

  /** Writes that the attempt begins. False if the job is no longer queued. */
  async function begin(): Promise<boolean> {
    phase = 'beginning';
    const job = await catalog.change(async (change) => {
      const before = await readJob(change.db, id);
      if (before.state !== 'queued' || dropped) return undefined;
      await beginAttempt(change.db, id, change.now);
      return setState(change, before, 'running', { startedAt: before.startedAt ?? change.now, memoryBytes });
    });
    if (!job) return false;
    phase = 'begun';
    onJob(job);
    return true;
  }

  function hear(message: FromWorker): void {
    if (message.type === 'estimate') {
      permit(message.estimate).catch((error: unknown) => {
        log.error({ err: error, job: id }, 'a plan could not be written');
        drop();
      });
    }
    if (message.type !== 'event' && message.type !== 'opened' && message.type !== 'metrics') return;
    if (message.type === 'event' && message.event.event === 'checkpoint') movedOn = true;
    incoming?.add(message);
  }

  /** Lets a worker that has made the plan work, if there is room. Otherwise its job fails or waits. */
  async function permit(estimate: Estimate): Promise<void> {
    ({ memoryBytes } = estimate);
    const { never, notNow } = options.fit(estimate.memoryBytes);
    if (never === undefined && notNow === undefined && !stopping) {
      if (await begin()) worker?.go();
      else drop();
      return;
    }
    const job = await catalog.change(async (change) => {
      const before = await readJob(change.db, id);
      if (before.state !== 'queued') return before;
      if (never !== undefined)
        return setState(change, before, 'failed', { memoryBytes, error: { code: 'runtime', message: never } });
      await updateJob(change.db, id, { memoryBytes, ...(notNow === undefined ? {} : { waitingFor: notNow }) });
      return emitJob(change, id);
    });
    drop();
    onJob(job);
  }

  /** Tells the state of the job from memory, because it cannot be written. */
  async function told(state: (job: Job) => Job): Promise<void> {
    try {
      options.unwritten.put(state(await readJob(catalog.db, id)));
    } catch (error) {
      log.error({ err: error, job: id }, 'a job cannot be read');
    }
  }

  /** Writes how the attempt ended, with the last messages of its worker. */
  async function writeEnd(ended: Ended): Promise<void> {
    const facts = { movedOn, stopping, maxCrashes: options.maxCrashes };
    let job: Job;
    const refused = (): Promise<void> =>
      told((now) => endedUnwritten(now, ended, { ...facts, crashes: movedOn ? 1 : facts.maxCrashes }, Date.now()));
    try {
      job = await patiently(refused, async () => {
        let batch: Batch | undefined;
        try {
          return await catalog.change(async (change) => {
            batch = incoming?.take();
            await batch?.write(change);
            return settle(change, id, ended, facts);
          });
        } catch (error) {
          batch?.restore();
          throw error;
        }
      });
    } catch (error) {
      log.error({ err: error, job: id }, 'the outcome of a job could not be written');
      const unexpected = 'its outcome could not be written: unexpected error, see the log';
      const failure: ErrorFacts =
        error instanceof VeraError ? factsOf(error) : { code: 'runtime', message: unexpected };
      job = await patiently(refused, () => catalog.change((change) => settleFailed(change, id, failure)));
    }
    options.unwritten.clear(id);
    if (OVER.includes(job.state)) clearJob(job.id, job.spec);
    onJob(job);
  }

  /** A job that was cancelled, or failed, while its plan was made leaves no files either. */
  async function clearIfOver(): Promise<void> {
    const job = await readJob(catalog.db, id);
    if (OVER.includes(job.state)) clearJob(job.id, job.spec);
  }

  /** Tries a change again while the disk refuses it, because a full disk may have room again. */
  async function patiently<T>(refused: () => Promise<void>, change: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await change();
      } catch (error) {
        if (!(error instanceof VeraError) || error.code !== 'io' || stopping) throw error;
        const wait = pauseMs(failures, RETRY);
        log.warn({ err: error, job: id, wait }, 'the end of an attempt could not be written: trying again');
        if (failures === 1) await refused();
        await Promise.race([sleep(wait), new Promise<void>((resolve) => (wake = resolve))]);
      }
    }
  }

  async function live(): Promise<boolean> {
    let ended: Ended | undefined;
    try {
      ended = await work();
    } catch (error) {
      const known = error instanceof VeraError;
      if (!known) log.error({ err: error, job: id }, 'an attempt could not be started');
      const message = error instanceof Error ? error.message : String(error);
      ended = { how: 'error', error: known ? factsOf(error) : { code: 'runtime', message }, stack: '' };
    }
    try {
      if (ended && (phase === 'begun' || !dropped)) await writeEnd(ended);
      else await clearIfOver();
    } catch (error) {
      log.error({ err: error, job: id }, 'the end of an attempt could not be written');
    }
    incoming?.end();
    return ended?.how === 'crashed' && !dropped;
  }

  return {
    ...{ kind, stop, drop, ended: live() },
    memoryBytes: () => memoryBytes,
    rssBytes: () => worker?.rssBytes() ?? 0,
    isPermitted: () => phase !== 'estimating',
    isDropped: () => dropped,
    kill: (reason) => worker?.kill(reason),
    writeNow: () => wake(),
    stopWithDaemon(canWait) {
      stopping = true;
      stop();
      if (canWait || phase !== 'begun') return;
      killAtStart = true;
      worker?.kill('it was ended');
    },
  };
}
