import { cpus } from 'node:os';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { AT_WORK, listJobs, openJobs, OVER, queuedJobs, readJob, updateJob } from '../catalog/jobs.ts';
import type { Catalog, Change } from '../catalog/open.ts';
import type { Page } from '../catalog/pages.ts';
import { VeraError } from '../protocol/errors.ts';
import type * as protocol from '../protocol/jobs.ts';
import type { Job, JobState } from '../protocol/jobs.ts';
import { clearJob } from './folders.ts';
import { findKind } from './kinds/registry.ts';
import { machineMemory, type Memory } from './memory.ts';
import { estimateOf } from './plan.ts';
import { clearLeftovers, recover } from './recovery.ts';
import { Runner } from './runner.ts';
import { type Decision, fits, schedule } from './schedule.ts';
import { setState, tell } from './state.ts';
import { checkSpec, submitJob } from './submit.ts';

type Params<M extends { params: z.ZodType }> = z.output<M['params']>;
type One = Params<typeof protocol.get>;

export interface QueueOptions {
  readonly catalog: Catalog;
  readonly log: Logger;
  /** Jobs that compute (train, evaluate, merge) at once; left out: half the cores. */
  readonly maxRunning?: number;
  /** Most memory that they may take together; left out: what is free. */
  readonly memoryBudgetBytes?: number;
  /** Time between two heartbeats of a worker, how long it may be silent, and how long idle. */
  readonly heartbeatMs?: number;
  readonly silenceMs?: number;
  readonly stallMs?: number;
  /** Crashes of its worker in a row, without a newer checkpoint between, that end a job. */
  readonly maxCrashes?: number;
  /** Pause before another attempt after a crash. */
  readonly retryMs?: number;
  /** How long a cancelled worker, and one of a daemon that stops, may take. */
  readonly cancelMs?: number;
  readonly stopMs?: number;
  /** How often a job that waits for memory is looked at. */
  readonly pollMs?: number;
  readonly memory?: () => Memory;
}

/** The queue of jobs; the methods of the protocol with what they are asked for and by whom. */
export interface Queue {
  /** Takes up what a daemon left that died, then schedules. */
  readonly start: () => Promise<void>;
  readonly submit: (params: Params<typeof protocol.submit>, actor: string) => Promise<Job>;
  readonly get: (params: One) => Promise<Job>;
  readonly list: (params: Params<typeof protocol.list>) => Promise<Page<Job>>;
  readonly cancel: (params: One, actor: string) => Promise<Job>;
  readonly pause: (params: One, actor: string) => Promise<Job>;
  readonly resume: (params: One, actor: string) => Promise<Job>;
  readonly retry: (params: One, actor: string) => Promise<Job>;
  readonly prioritise: (params: Params<typeof protocol.prioritise>, actor: string) => Promise<Job>;
  readonly plan: (params: Params<typeof protocol.plan>) => Promise<z.output<(typeof protocol.plan)['result']>>;
  readonly counts: () => { running: number; queued: number; paused: number };
  /** Most memory that jobs may take together now. */
  readonly budgetBytes: () => number;
  /** Starts nothing more. */
  readonly drain: () => void;
  /** Hears when nothing runs any more, each time. */
  readonly onQuiet: (listener: () => void) => void;
  /** Every worker to a checkpoint, or killed where that takes too long; their jobs are queued again for the next daemon. */
  readonly stop: () => Promise<void>;
}

/** Before a text with numbers that change all the time is written again. */
const WAIT_TEXT_MS = 10_000;

export function createQueue(options: QueueOptions): Queue {
  const { catalog, log, memoryBudgetBytes: budgetBytes, memory = machineMemory, retryMs = 1000 } = options;
  const maxRunning = options.maxRunning ?? Math.max(1, Math.floor(cpus().length / 2));
  const watch = {
    heartbeatMs: options.heartbeatMs ?? 1000,
    silenceMs: options.silenceMs ?? 30_000,
    stallMs: options.stallMs ?? 600_000,
  };
  const states = new Map<number, JobState>();
  const resting = new Set<number>();
  const waits = new Map<number, { text: string; at: number }>();
  const quiet = new Set<() => void>();
  let [started, draining, stopping, wanted] = [false, false, false, false];
  let passing: Promise<void> | undefined;
  let poll: NodeJS.Timeout | undefined;

  const note = (job: Job): Job => {
    if (OVER.includes(job.state)) {
      states.delete(job.id);
      waits.delete(job.id);
    } else states.set(job.id, job.state);
    return job;
  };
  const runner = new Runner({
    ...{ catalog, log, watch, maxCrashes: options.maxCrashes ?? 3, cancelMs: options.cancelMs ?? 10_000 },
    fit: (memoryBytes) => {
      const fit = fits(memoryBytes, {
        ...memory(),
        budgetBytes,
        running: runner.running().filter((one) => one.memoryBytes !== null),
      });
      return draining ? { notNow: 'this daemon is about to end; the next one goes on with it' } : fit;
    },
    onJob: (job) => {
      note(job);
      poke();
    },
    onGone: (id, crashed) => {
      if (crashed && states.get(id) === 'queued' && !stopping) rest(id);
      if (runner.size === 0) for (const listener of [...quiet]) listener();
      poke();
    },
  });

  function rest(id: number): void {
    resting.add(id);
    setTimeout(() => {
      resting.delete(id);
      poke();
    }, retryMs).unref();
  }

  /** Looks at the queue, now or as soon as the look under way is over. */
  function poke(): void {
    wanted = true;
    passing ??= (async () => {
      await Promise.resolve();
      while (wanted && started && !stopping) {
        wanted = false;
        await pass().catch((error: unknown) => {
          log.error({ err: error }, 'the queue could not be worked on');
          later();
        });
      }
      passing = undefined;
    })();
  }

  function later(): void {
    poll ??= setTimeout(() => {
      poll = undefined;
      poke();
    }, options.pollMs ?? 2000).unref();
  }

  async function pass(): Promise<void> {
    const queued = (await queuedJobs(catalog.db)).filter(({ id }) => !runner.has(id));
    if (queued.length === 0) return;
    const situation = { ...memory(), maxRunning, budgetBytes, draining, resting, running: runner.running() };
    const decisions = schedule(queued, situation);
    const before = new Map(queued.map((job) => [job.id, job.waitingFor]));
    const changed = decisions.filter(
      (one) => one.do === 'fail' || (one.do === 'wait' && isNews(one, before.get(one.job) ?? null)),
    );
    if (changed.length > 0) {
      const jobs = await catalog.change(async (change) => {
        const all: Job[] = [];
        for (const one of changed) all.push(await decide(change, one));
        return all;
      });
      jobs.forEach(note);
      // What needs a job that has just failed fails too.
      if (changed.some((one) => one.do === 'fail')) wanted = true;
    }
    for (const one of decisions) {
      if (one.do === 'start' && !stopping) {
        waits.delete(one.job);
        runner.launch(one.job, queued.find(({ id }) => id === one.job)!.kind);
      }
    }
    if (decisions.some((one) => one.do === 'wait')) later();
  }

  /** Whether why a job waits is worth writing: another reason, or other numbers after a while. */
  function isNews({ job, why }: Extract<Decision, { do: 'wait' }>, written: string | null): boolean {
    if (why === written) return false;
    const last = waits.get(job);
    const plain = (text: string): string => text.replace(/[\d.]+ [MG]B/g, '');
    const news =
      written === null || plain(why) !== plain(written) || !last || performance.now() - last.at > WAIT_TEXT_MS;
    if (news) waits.set(job, { text: why, at: performance.now() });
    return news;
  }

  async function decide(change: Change, decision: Decision): Promise<Job> {
    const job = await readJob(change.db, decision.job);
    if (job.state !== 'queued' || decision.do === 'start') return job;
    if (decision.do === 'wait') {
      await updateJob(change.db, job.id, { waitingFor: decision.why });
      return tell(change, job.id);
    }
    const code = job.needs.length > 0 ? 'conflict' : 'runtime';
    return setState(change, job, 'failed', { error: { code, message: decision.why } });
  }

  /** A change of a job that somebody asked for; `work` gives the job as it was where there is nothing to do. */
  async function act(
    id: number,
    action: string,
    actor: string,
    work: (change: Change, job: Job) => Promise<Job>,
  ): Promise<Job> {
    const job = await catalog.change(async (change) => {
      const before = await readJob(change.db, id);
      const after = await work(change, before);
      if (after !== before)
        change.audit({ actor, action, kind: 'job', subject: id, details: { from: before.state, to: after.state } });
      return after;
    });
    note(job);
    poke();
    return job;
  }

  const refuse = (job: Job, what: string): VeraError =>
    new VeraError('conflict', `job ${job.id} (${job.title}) is ${job.state}: ${what}`);

  return {
    async start() {
      for (const job of await recover(catalog)) log.info({ job: job.id, state: job.state }, 'a job was taken up again');
      for (const { id, state } of await openJobs(catalog.db)) states.set(id, state);
      await clearLeftovers(catalog);
      started = true;
      poke();
    },

    async submit(params, actor) {
      const spec = checkSpec(params.spec, params.needs);
      const job = note(await catalog.change((change) => submitJob(change, { ...params, spec }, actor)));
      poke();
      return job;
    },
    get: ({ job }) => readJob(catalog.db, job),
    list: (params) => listJobs(catalog.db, params),

    async cancel({ job: id }, actor) {
      const job = await act(id, 'cancel', actor, async (change, before) => {
        const { state } = before;
        if (state === 'cancelled' || state === 'cancelling') return before;
        if (OVER.includes(state)) throw refuse(before, 'there is nothing to cancel');
        return setState(change, before, AT_WORK.includes(state) ? 'cancelling' : 'cancelled');
      });
      if (job.state === 'cancelled' && !runner.has(id)) clearJob(id, job.spec);
      runner.ask(id, 'later');
      return job;
    },

    async pause({ job: id }, actor) {
      const job = await act(id, 'pause', actor, async (change, before) => {
        const { state } = before;
        if (state === 'paused' || state === 'pausing') return before;
        if (state === 'queued') return setState(change, before, 'paused');
        if (state !== 'running') throw refuse(before, 'there is nothing to pause');
        if (findKind(before.kind)?.pauses !== true)
          throw refuse(before, 'a job of this kind cannot be paused while it runs; cancel it, or let it end');
        return setState(change, before, 'pausing');
      });
      runner.ask(id, 'never');
      return job;
    },

    resume: ({ job }, actor) =>
      act(job, 'resume', actor, async (change, before) => {
        if (before.state === 'queued' || before.state === 'running') return before;
        if (before.state === 'pausing') throw refuse(before, 'wait until it stands at its checkpoint');
        if (before.state !== 'paused')
          throw refuse(before, before.state === 'succeeded' ? 'it is done' : 'retry it instead');
        return setState(change, before, 'queued');
      }),

    retry: ({ job }, actor) =>
      act(job, 'retry', actor, async (change, before) => {
        if (before.state !== 'failed' && before.state !== 'cancelled')
          throw refuse(before, 'only a job that failed or was cancelled can be tried again');
        return setState(change, before, 'queued', { crashes: 0, result: null, memoryBytes: null });
      }),

    prioritise: ({ job, priority }, actor) =>
      act(job, 'prioritise', actor, async (change, before) => {
        if (OVER.includes(before.state)) throw refuse(before, 'it has no place in the queue any more');
        if (before.priority === priority) return before;
        await updateJob(change.db, job, { priority });
        return tell(change, job);
      }),

    async plan({ spec }) {
      const { memoryBytes, details } = await estimateOf(catalog, spec, watch);
      const now = memory();
      const { never, notNow } = fits(memoryBytes, { ...now, budgetBytes, running: runner.running() });
      return { memoryBytes, ...now, details: details as never, warning: never ?? notNow ?? null };
    },

    counts() {
      const all = [...states.values()];
      const count = (...wanted: JobState[]): number => all.filter((state) => wanted.includes(state)).length;
      return { running: count(...AT_WORK), queued: count('queued'), paused: count('paused') };
    },
    budgetBytes: () => Math.min(budgetBytes ?? Infinity, memory().totalBytes),

    drain() {
      draining = true;
      runner.dropWaiting();
      poke();
    },
    onQuiet: (listener) => void quiet.add(listener),

    async stop() {
      stopping = true;
      clearTimeout(poll);
      await passing;
      await runner.stop(options.stopMs ?? 20_000);
    },
  };
}
