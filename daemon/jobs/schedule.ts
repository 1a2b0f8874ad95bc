import type { QueuedJob } from '../catalog/jobs.ts';
import { findKind } from './kinds/registry.ts';
import { bytesText } from '../protocol/text.ts';
import type { Memory } from './memory.ts';

/** Whether jobs of a kind compute: they share the processor and most of the memory. */
export const computes = (kind: string): boolean => findKind(kind)?.computes ?? false;

/** Most other jobs at once, enough to keep the disk and the network busy. */
const MAX_OTHERS = 4;
/** Memory counted for a worker that has no estimate yet. */
const UNKNOWN_BYTES = 300e6;

/** A job that has a worker. */
export interface RunningJob {
  readonly kind: string;
  /** Most memory it will take; null while that is being estimated. */
  readonly memoryBytes: number | null;
  /** What its worker has taken so far. */
  readonly rssBytes: number;
}

/** A process that answers requests with a base. */
export interface RunningEngine {
  /** Most memory it will take. */
  readonly memoryBytes: number;
  readonly rssBytes: number;
  /** It has had no request for a while, so it gives way to a job. */
  readonly idle: boolean;
}

export interface Situation extends Memory {
  readonly running: readonly RunningJob[];
  readonly engines: readonly RunningEngine[];
  readonly maxRunning: number;
  /** Most memory that jobs and engines may take together. If undefined, all that is free. */
  readonly budgetBytes: number | undefined;
  readonly draining: boolean;
  /** Jobs that wait a moment before another attempt. */
  readonly resting: ReadonlySet<number>;
}

export type Decision =
  /** endEngines: its memory is that of engines that are idle. */
  | { readonly job: number; readonly do: 'start'; readonly endEngines: boolean }
  | { readonly job: number; readonly do: 'wait'; readonly why: string }
  | { readonly job: number; readonly do: 'fail'; readonly why: string };

/** Decides about each queued job. `queued`: in the order of their turn. */
export function schedule(queued: readonly QueuedJob[], situation: Situation): Decision[] {
  const running = [...situation.running];
  let { engines } = situation;
  let heldBack: number | undefined;
  return queued.map(({ id, kind, memoryBytes, needs }): Decision => {
    const wait = (why: string): Decision => ({ job: id, do: 'wait', why });
    const broken = needs.find(({ state }) => state === 'failed' || state === 'cancelled');
    if (broken) {
      const why = `job ${broken.id}, which it needs, ${broken.state === 'failed' ? 'failed' : 'was cancelled'}`;
      return { job: id, do: 'fail', why: `${why}; retry that one first, then this` };
    }
    if (needs[0]) return wait(`job ${needs[0].id} comes first`);
    if (situation.draining) return wait('this daemon is about to end; the next one continues with it');
    if (situation.resting.has(id)) return wait('its worker ended unexpectedly; another attempt starts in a moment');
    const alike = running.filter((one) => computes(one.kind) === computes(kind)).length;
    const most = computes(kind) ? situation.maxRunning : MAX_OTHERS;
    if (alike >= most)
      return wait(`${alike === 1 ? '1 job runs' : `${alike} jobs run`} already, and no more may run at once`);
    let endEngines = false;
    if (computes(kind)) {
      if (heldBack !== undefined) return wait(`job ${heldBack} comes first`);
      const fit = fits(memoryBytes, { ...situation, running, engines });
      if (fit.never !== undefined) return { job: id, do: 'fail', why: fit.never };
      if (fit.notNow !== undefined) {
        // Smaller jobs may pass one that waits for other programs, but not one that will fit when our jobs are done.
        if (fit.later) heldBack = id;
        return wait(fit.notNow);
      }
      endEngines = fit.endEngines ?? false;
    }
    if (endEngines) engines = engines.filter(({ idle }) => !idle);
    running.push({ kind, memoryBytes, rssBytes: 0 });
    return { job: id, do: 'start', endEngines };
  });
}

interface Fit {
  /** Why it can never run on this machine. */
  readonly never?: string;
  /** Why it cannot run now. */
  readonly notNow?: string;
  /** It will fit when the running jobs are done. */
  readonly later?: boolean;
  /** It can run if the engines that are idle are ended. */
  readonly endEngines?: boolean;
}

/** Whether a job that takes so much memory can run beside the others. */
export function fits(
  memoryBytes: number | null,
  situation: Omit<Situation, 'draining' | 'resting' | 'maxRunning'>,
): Fit {
  const { freeBytes, totalBytes, budgetBytes = Infinity } = situation;
  const need = memoryBytes ?? UNKNOWN_BYTES;
  const { running, reserved, growth } = holdings(situation.running, situation.engines);
  const most = Math.min(totalBytes, budgetBytes);
  if (need > most) {
    const limit = budgetBytes < totalBytes ? 'jobs may take (the memory budget)' : 'this machine has';
    const cure = 'choose a smaller batch, length or model';
    return {
      never: `it needs ${bytesText(need)} of memory, more than the ${bytesText(most)} that ${limit}: ${cure}${budgetBytes < totalBytes ? ', or raise the budget' : ''}`,
    };
  }
  const idle = situation.engines.filter((engine) => engine.idle);
  const idleBytes = idle.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  const idleReserved = idle.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const [free, left] = [freeBytes - growth, budgetBytes - reserved];
  // An engine that is idle may take no more while it is, so it only counts with what it has.
  if (need <= free && need <= left - idleReserved) return {};
  if (need <= free + idleBytes && need <= left) return { endEngines: true };
  const held = running.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  const answering = situation.engines.filter((engine) => !engine.idle);
  const answeringBytes = answering.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  const beside = answering.length > 0 ? `; models that answer requests use ${bytesText(answeringBytes)}` : '';
  return {
    notNow: `needs ${bytesText(need)} of memory, ${bytesText(Math.max(0, Math.min(free + idleBytes, left)))} are free${beside}`,
    later: running.length > 0 && need <= freeBytes + idleBytes + held,
  };
}

/** What jobs that compute and engines that answer hold: `reserved`: the most they will take together; `growth`: what of it they do not have yet. */
function holdings(
  jobs: readonly RunningJob[],
  engines: readonly RunningEngine[],
): { running: readonly RunningJob[]; reserved: number; growth: number } {
  const running = jobs.filter(({ kind }) => computes(kind));
  const all = [...running, ...engines.filter(({ idle }) => !idle)];
  let [reserved, growth] = [0, 0];
  for (const { memoryBytes, rssBytes } of all) {
    const most = memoryBytes ?? UNKNOWN_BYTES;
    reserved += most;
    growth += Math.max(0, most - rssBytes);
  }
  return { running, reserved, growth };
}

/** Most memory that one more engine may take beside what runs; Infinity where no job runs and there is no budget. */
export function engineRoom({
  running: jobs,
  engines,
  freeBytes,
  budgetBytes = Infinity,
}: Omit<Situation, 'draining' | 'resting' | 'maxRunning'>): number {
  const busy = engines.map((engine) => ({ ...engine, idle: false }));
  const { running, reserved, growth } = holdings(jobs, busy);
  // How much memory is free is a guess on some systems, and without jobs nothing of ours stands in the way.
  return Math.min(running.length > 0 ? freeBytes - growth : Infinity, budgetBytes - reserved);
}
