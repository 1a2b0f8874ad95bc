import type { Logger } from 'pino';
import { queuedJobs, readJob, updateJob } from '../catalog/jobs.ts';
import type { Catalog, Change } from '../catalog/open.ts';
import type { Job } from '../protocol/jobs.ts';
import type { Memory } from './memory.ts';
import type { Runner } from './runner.ts';
import { type Decision, type RunningEngine, schedule } from './schedule.ts';
import { emitJob, setState } from './state.ts';

export interface SchedulerOptions {
  readonly catalog: Catalog;
  readonly log: Logger;
  readonly runner: Pick<Runner, 'has' | 'running' | 'launch'>;
  readonly maxRunning: number;
  readonly budgetBytes: number | undefined;
  readonly memory: () => Memory;
  readonly engines: () => readonly RunningEngine[];
  /** Ends the engines that are idle. */
  readonly endEngines: () => void;
  /** Time between looks while a job waits. */
  readonly pollMs: number;
  /** Called with every job that changed, after the commit. */
  readonly onJob: (job: Job) => void;
}

/** Looks at the queue and carries out what schedule.ts decides. */
export interface Scheduler {
  start(): void;
  /** Looks at the queue, now or as soon as the look under way is over. */
  poke(): void;
  /** A job whose worker crashed is left alone for so long. */
  rest(id: number, ms: number): void;
  /** Starts nothing more; jobs that wait say why. */
  drain(): void;
  isDraining(): boolean;
  /** Forgets what it knows of a job that is over. */
  forget(id: number): void;
  /** Looks no more. Resolves when the look under way is over. */
  stop(): Promise<void>;
}

/** A reason to wait that differs only in its numbers is written again after so long. */
const WAIT_TEXT_MS = 10_000;

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { catalog, log, runner, memory, onJob } = options;
  const resting = new Set<number>();
  const written = new Map<number, number>(); // when the reason to wait was last written
  let [isStarted, isDraining, isStopping, isWanted] = [false, false, false, false];
  let looking: Promise<void> | undefined;
  let poll: NodeJS.Timeout | undefined;

  function poke(): void {
    isWanted = true;
    looking ??= (async () => {
      await Promise.resolve();
      while (isWanted && isStarted && !isStopping) {
        isWanted = false;
        await look().catch((error: unknown) => {
          log.error({ err: error }, 'the queue could not be worked on');
          later();
        });
      }
      looking = undefined;
    })();
  }

  function later(): void {
    poll ??= setTimeout(() => {
      poll = undefined;
      poke();
    }, options.pollMs).unref();
  }

  async function look(): Promise<void> {
    const queued = (await queuedJobs(catalog.db)).filter(({ id }) => !runner.has(id));
    if (queued.length === 0) return;
    const { maxRunning, budgetBytes } = options;
    const situation = {
      ...memory(),
      maxRunning,
      budgetBytes,
      draining: isDraining,
      resting,
      engines: options.engines(),
    };
    const decisions = schedule(queued, { ...situation, running: runner.running() });
    const before = new Map(queued.map((job) => [job.id, job.waitingFor]));
    const changed = decisions.filter(
      (one) => one.do === 'fail' || (one.do === 'wait' && isNews(one, before.get(one.job) ?? null)),
    );
    if (changed.length > 0) {
      const jobs = await catalog.change(async (change) => {
        const all: Job[] = [];
        for (const one of changed) all.push(await write(change, one));
        return all;
      });
      jobs.forEach(onJob);
      // What needs a job that has just failed fails too.
      if (changed.some((one) => one.do === 'fail')) isWanted = true;
    }
    for (const one of decisions) {
      if (one.do !== 'start' || isStopping) continue;
      written.delete(one.job);
      if (one.endEngines) options.endEngines();
      runner.launch(one.job, queued.find(({ id }) => id === one.job)!.kind);
    }
    if (decisions.some((one) => one.do === 'wait')) later();
  }

  /** Whether the reason to wait is worth writing: another one, or other numbers after a while. */
  function isNews({ job, why }: Extract<Decision, { do: 'wait' }>, before: string | null): boolean {
    if (why === before) return false;
    const last = written.get(job);
    const words = (text: string): string => text.replace(/[\d.]+ \w?B/g, '');
    const isOther = before === null || words(why) !== words(before);
    const isNew = isOther || last === undefined || performance.now() - last > WAIT_TEXT_MS;
    if (isNew) written.set(job, performance.now());
    return isNew;
  }

  async function write(change: Change, decision: Decision): Promise<Job> {
    const job = await readJob(change.db, decision.job);
    if (job.state !== 'queued' || decision.do === 'start') return job;
    if (decision.do === 'wait') {
      await updateJob(change.db, job.id, { waitingFor: decision.why });
      return emitJob(change, job.id);
    }
    const code = job.needs.length > 0 ? 'conflict' : 'runtime';
    return setState(change, job, 'failed', { error: { code, message: decision.why } });
  }

  return {
    start() {
      isStarted = true;
      poke();
    },
    poke,
    rest(id, ms) {
      resting.add(id);
      setTimeout(() => {
        resting.delete(id);
        poke();
      }, ms).unref();
    },
    drain() {
      isDraining = true;
      poke();
    },
    isDraining: () => isDraining,
    forget: (id) => void written.delete(id),
    async stop() {
      isStopping = true;
      clearTimeout(poll);
      await looking;
    },
  };
}
