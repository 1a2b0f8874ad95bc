import { cpus } from 'node:os';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { jobWithKey, listJobs, openJobs, readJob } from '../catalog/jobs.ts';
import type { Catalog } from '../catalog/open.ts';
import type { Page } from '../catalog/pages.ts';
import { VeraError } from '../protocol/errors.ts';
import type * as protocol from '../protocol/jobs.ts';
import type { Job, JobState } from '../protocol/jobs.ts';
import { AT_WORK, OVER } from '../protocol/jobStates.ts';
import { deleteJob, moveJob, prioritiseJob } from './actions.ts';
import { clearJob } from './folders.ts';
import { machineMemory, type Memory } from './memory.ts';
import { type Planned, plansOf } from './plan.ts';
import { clearLeftovers, recover } from './recovery.ts';
import { createRunner } from './runner.ts';
import { engineRoom, fits, type RunningEngine } from './schedule.ts';
import { createScheduler } from './scheduler.ts';
import type { Action } from './states.ts';
import { checkSpec, submitJob } from './submit.ts';
import { rememberUnwritten } from './unwritten.ts';

type Params<M extends { params: z.ZodType }> = z.output<M['params']>;
type One = Params<typeof protocol.get>;

export interface QueueOptions {
  readonly catalog: Catalog;
  readonly log: Logger;
  /** Most jobs that compute (train, evaluate, merge) at the same time. If left out, half the number of cores. */
  readonly maxRunning?: number;
  /** Most memory that they and engines may take together. If left out, all that is free. */
  readonly memoryBudgetBytes?: number;
  /** Time between two heartbeats of a worker, and how long it may be silent or idle. */
  readonly heartbeatMs?: number;
  readonly silenceMs?: number;
  readonly stallMs?: number;
  /** A job fails after so many crashes of its worker in a row without a newer checkpoint in between. */
  readonly maxCrashes?: number;
  /** Pause before another attempt after a crash. */
  readonly retryMs?: number;
  /** How long a worker may take to end after its job was cancelled (cancelMs) or its daemon was stopped (stopMs). */
  readonly cancelMs?: number;
  readonly stopMs?: number;
  /** Time between two looks at a queue in which a job waits. */
  readonly pollMs?: number;
  readonly memory?: () => Memory;
  /** The engines that run beside the jobs. */
  readonly engines?: () => readonly RunningEngine[];
  /** Ends the engines that are idle, because a job needs their memory. */
  readonly endEngines?: () => void;
}

/** The queue of jobs. `submit` to `plan` are methods of the protocol; `actor` is who called. */
export interface Queue {
  /** Recovers the jobs of a daemon that died, then starts to schedule. */
  readonly start: () => Promise<void>;
  readonly submit: (params: Params<typeof protocol.submit>, actor: string) => Promise<Job>;
  readonly get: (params: One) => Promise<Job>;
  readonly list: (params: Params<typeof protocol.list>) => Promise<Page<Job>>;
  readonly cancel: (params: One, actor: string) => Promise<Job>;
  readonly pause: (params: One, actor: string) => Promise<Job>;
  readonly resume: (params: One, actor: string) => Promise<Job>;
  readonly retry: (params: Params<typeof protocol.retry>, actor: string) => Promise<Job>;
  readonly prioritise: (params: Params<typeof protocol.prioritise>, actor: string) => Promise<Job>;
  readonly remove: (params: One, actor: string) => Promise<Record<string, never>>;
  /** `onPlan` gets each plan as soon as it is made. */
  readonly plan: (
    params: Params<typeof protocol.plan>,
    options?: { signal?: AbortSignal; onPlan?: (index: number, plan: protocol.PlanAnswer) => void },
  ) => Promise<z.output<(typeof protocol.plan)['result']>>;
  readonly counts: () => { running: number; queued: number; paused: number };
  /** Most memory that jobs and engines may take together. */
  readonly budgetBytes: () => number;
  /** Most memory that one more engine may take now. */
  readonly engineRoom: () => number;
  /** Starts no more jobs. */
  readonly drain: () => void;
  /** Calls the listener with each state of a job that the disk refuses to write. Returns how to stop. */
  readonly onUnwritten: (listener: (job: Job) => void) => () => void;
  /** Calls the listener each time the last worker has ended. */
  readonly onQuiet: (listener: () => void) => void;
  /** Stops every worker at a checkpoint, and kills it if that takes too long. The next daemon continues the jobs. */
  readonly stop: () => Promise<void>;
}

export function createQueue(options: QueueOptions): Queue {
  const { catalog, log, memoryBudgetBytes: budgetBytes, memory = machineMemory, retryMs = 1000 } = options;
  const { engines = () => [], endEngines = () => undefined } = options;
  const watch = {
    heartbeatMs: options.heartbeatMs ?? 1000,
    silenceMs: options.silenceMs ?? 30_000,
    stallMs: options.stallMs ?? 600_000,
  };
  /** The state of every job that is not over. */
  const states = new Map<number, JobState>();
  /** Tokens of the hub for jobs that are not over. They are in memory alone. */
  const tokens = new Map<number, string>();
  const quiet = new Set<() => void>();
  const unwritten = rememberUnwritten();
  let stopping = false;

  const note = (job: Job): Job => {
    if (OVER.includes(job.state)) {
      states.delete(job.id);
      tokens.delete(job.id);
      scheduler.forget(job.id);
    } else states.set(job.id, job.state);
    return job;
  };
  const changed = (job: Job): Job => {
    note(job);
    scheduler.poke();
    return job;
  };
  const runner = createRunner({
    ...{ catalog, log, watch, maxCrashes: options.maxCrashes ?? 3, cancelMs: options.cancelMs ?? 10_000 },
    unwritten,
    onJob: changed,
    hubToken: (id) => tokens.get(id),
    fit: (memoryBytes) => {
      const running = runner.running().filter((one) => one.memoryBytes !== null);
      const fit = fits(memoryBytes, { ...memory(), budgetBytes, running, engines: engines() });
      if (fit.endEngines && !scheduler.isDraining()) endEngines();
      return scheduler.isDraining() ? { notNow: 'this daemon is about to end; the next one continues with it' } : fit;
    },
    onGone: (id, crashed) => {
      if (crashed && states.get(id) === 'queued' && !stopping) scheduler.rest(id, retryMs);
      if (runner.size() === 0) for (const listener of [...quiet]) listener();
      scheduler.poke();
    },
  });
  const scheduler = createScheduler({
    ...{ catalog, log, runner, budgetBytes, memory, engines, endEngines, onJob: note, pollMs: options.pollMs ?? 2000 },
    maxRunning: options.maxRunning ?? Math.max(1, Math.floor(cpus().length / 2)),
  });
  const move = async (action: Action, { job }: One, actor: string): Promise<Job> =>
    changed(await moveJob(catalog, job, action, actor));

  return {
    async start() {
      for (const job of await recover(catalog))
        log.info({ job: job.id, state: job.state }, 'a job of a daemon that died was taken up again');
      for (const { id, state } of await openJobs(catalog.db)) states.set(id, state);
      await clearLeftovers(catalog);
      scheduler.start();
    },

    async submit(params, actor) {
      // Asked first: the job that has this key may have written by now what a check would refuse.
      const known = params.key === undefined ? undefined : await jobWithKey(catalog.db, params.key);
      if (known !== undefined) return readJob(catalog.db, known);
      const spec = checkSpec(params.spec, params.needs);
      const { hubToken, ...submission } = params;
      const job = await catalog.change((change) => submitJob(change, { ...submission, spec }, actor));
      if (hubToken !== undefined) tokens.set(job.id, hubToken);
      return changed(job);
    },
    get: async ({ job }) => unwritten.latest(await readJob(catalog.db, job)),
    async list(params) {
      const page = await listJobs(catalog.db, params);
      return { ...page, items: page.items.map((job) => unwritten.latest(job)) };
    },

    async cancel(params, actor) {
      const job = await move('cancel', params, actor);
      if (job.state === 'cancelled' && !runner.has(job.id)) clearJob(job.id, job.spec);
      runner.stopJob(job.id, 'later');
      return job;
    },
    async pause(params, actor) {
      const job = await move('pause', params, actor);
      runner.stopJob(job.id, 'never');
      return job;
    },
    resume: (params, actor) => move('resume', params, actor),
    async retry({ job, hubToken }, actor) {
      if (unwritten.has(job)) await runner.writeNow(job);
      if (unwritten.has(job))
        throw new VeraError(
          'io',
          'the disk is full, so the job cannot be put into the queue; free some space, then try again',
        );
      const moved = await moveJob(catalog, job, 'retry', actor);
      if (hubToken !== undefined) tokens.set(job, hubToken);
      return changed(moved);
    },
    onUnwritten: (listener) => unwritten.onChange(listener),
    prioritise: async ({ job, priority }, actor) => changed(await prioritiseJob(catalog, job, priority, actor)),

    async remove({ job: id }, actor) {
      const job = await deleteJob(catalog, id, actor);
      clearJob(id, job.spec);
      return {};
    },

    async plan({ specs, read, hubToken }, { signal, onPlan = () => undefined } = {}) {
      const answerOf = (planned: Planned): protocol.PlanAnswer => {
        if ('error' in planned) return planned;
        const { memoryBytes, details } = planned.estimate;
        const { never, notNow } = fits(memoryBytes, {
          ...{ ...memory(), budgetBytes, running: runner.running(), engines: engines() },
        });
        return { memoryBytes, details: details as never, warning: never ?? notNow ?? null };
      };
      const plans = await plansOf(catalog, specs, {
        ...{
          read,
          hubToken,
          watch,
          signal: signal ?? new AbortController().signal,
          busy: () => runner.running().length > 0,
        },
        onPlan: (index, planned) => onPlan(index, answerOf(planned)),
      });
      return { plans: plans.map(answerOf), ...memory() };
    },

    counts() {
      const all = [...states.values()];
      const count = (...wanted: JobState[]): number => all.filter((state) => wanted.includes(state)).length;
      return { running: count(...AT_WORK), queued: count('queued'), paused: count('paused') };
    },
    engineRoom: () => engineRoom({ ...memory(), budgetBytes, running: runner.running(), engines: engines() }),
    budgetBytes: () => Math.min(budgetBytes ?? Infinity, memory().totalBytes),

    drain() {
      scheduler.drain();
      runner.dropWaiting();
    },
    onQuiet: (listener) => void quiet.add(listener),

    async stop() {
      stopping = true;
      await scheduler.stop();
      await runner.stop(options.stopMs ?? 20_000);
    },
  };
}
