import type { Catalog } from '../catalog/open.ts';
import { keepRates, readRates } from '../catalog/rates.ts';
import { startProcess } from '../process/supervised.ts';
import { type ErrorFacts, factsOf, VeraError } from '../protocol/errors.ts';
import type { JobSpec } from '../protocol/jobs.ts';
import type { MachineRates } from '../protocol/plans.ts';
import type { Estimate, FromPlanner, Task, ToPlanner } from './messages.ts';
import { checkSpec } from './submit.ts';
import { planTask } from './task.ts';
import type { WatchOptions } from './workerProcess.ts';

/** A plan, or what the job would fail with at once. */
export type Planned = { readonly estimate: Estimate } | { readonly error: ErrorFacts };

export interface PlanOptions {
  /** Read the datasets too. */
  readonly read: boolean;
  /** For bases that are gated or private on the hub. */
  readonly hubToken: string | undefined;
  readonly watch: WatchOptions;
  /** Aborted when nobody wants the plans any more. */
  readonly signal: AbortSignal;
  /** Whether other work runs on this machine: then what is measured is used, but not kept. */
  readonly busy: () => boolean;
  /** Called with each plan as soon as it is made. */
  readonly onPlan: (index: number, plan: Planned) => void;
}

/**
 * The plans of jobs that are not submitted (yet), made by one process. Throws the reason of `signal`, and an error that is not one of
 * a spec.
 */
export async function plansOf(catalog: Catalog, specs: readonly JobSpec[], options: PlanOptions): Promise<Planned[]> {
  const plans: Planned[] = [];
  const put = (index: number, plan: Planned): void => {
    plans[index] = plan;
    options.onPlan(index, plan);
  };
  const tasks: { index: number; task: Task; clear: () => void }[] = [];
  try {
    for (const [index, spec] of specs.entries()) {
      try {
        tasks.push({ index, ...(await planTask(catalog, checkSpec(spec))) });
      } catch (error) {
        if (!(error instanceof VeraError)) throw error;
        put(index, { error: factsOf(error) });
      }
    }
    if (tasks.length > 0) {
      const all = tasks.map(({ task }) => task);
      const reason = await work(catalog, all, (place, plan) => put(tasks[place]!.index, plan), options);
      const error: ErrorFacts = { code: 'runtime', message: `the plan could not be made: ${reason}` };
      for (const { index } of tasks) if (plans[index] === undefined) put(index, { error });
    }
    return plans;
  } finally {
    for (const { clear } of tasks) clear();
  }
}

/** Plans tasks in a process of its own. Returns how that ended. */
async function work(
  catalog: Catalog,
  tasks: readonly Task[],
  put: (place: number, plan: Planned) => void,
  { read, hubToken, watch, signal, busy }: PlanOptions,
): Promise<string> {
  let measured: readonly MachineRates[] = [];
  const rates = await readRates(catalog.db);
  signal.throwIfAborted();
  const planner = startProcess<ToPlanner, FromPlanner>({
    ...{ file: new URL('./planWorker.ts', import.meta.url), streams: 'keep', health: watch, givesWay: true },
    inspect: 'worker',
    onMessage(message) {
      if (message.type === 'plan') put(message.index, { estimate: message.estimate });
      else if (message.type === 'fault') put(message.index, { error: message.fault.error });
      else if (!busy()) measured = message.rates;
    },
  });
  const cancel = (): void => planner.kill('nobody wants it any more');
  signal.addEventListener('abort', cancel, { once: true });
  try {
    void planner.send({ tasks, read, rates, hubToken });
    const { reason } = await planner.ended;
    signal.throwIfAborted();
    if (measured.length > 0) await catalog.change((change) => keepRates(change, measured));
    return reason;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
