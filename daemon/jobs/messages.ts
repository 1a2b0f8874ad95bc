import type { Base } from '../catalog/content.ts';
import type { ErrorMessage } from '../process/child.ts';
import type { MachineRates } from '../protocol/plans.ts';
import type { RunEvent } from '../protocol/runEvents.ts';

/** The work of a worker: the task of a kind (kinds/kind.ts). */
export interface Task {
  readonly kind: string;
  readonly task: unknown;
}

/** Plain JSON. */
export type Json = Record<string, unknown>;

/** The plan of a task: most memory it will take, and the kind's own figures. */
export interface Estimate {
  readonly memoryBytes: number;
  readonly details: Json;
}

export type ToWorker =
  | {
      readonly type: 'start';
      readonly task: Task;
      /** The job's own folder, which one worker at a time works in. */
      readonly folder: string;
      /** Make the plan first, and wait for 'go'. */
      readonly estimate: boolean;
      /** For a base that is gated or private on the hub. */
      readonly hubToken: string | undefined;
    }
  | { readonly type: 'go' };

export type FromWorker =
  | { readonly type: 'estimate'; readonly estimate: Estimate }
  | { readonly type: 'event'; readonly event: RunEvent }
  /** The base and dataset that a training run reads. */
  | { readonly type: 'opened'; readonly opened: Opened }
  /** Earlier steps and evaluations, as lines of metrics.jsonl. They go into the catalog and are no events. */
  | { readonly type: 'metrics'; readonly lines: readonly Json[] }
  | { readonly type: 'done'; readonly outcome: Outcome }
  | { readonly type: 'stopped' }
  | ErrorMessage;

/** Tasks of jobs that are not submitted, for a process that only plans. */
export interface ToPlanner {
  readonly tasks: readonly Task[];
  /** What is known of the speed of this machine. */
  readonly rates: readonly MachineRates[];
  /** Read the datasets too. */
  readonly read: boolean;
  readonly hubToken: string | undefined;
}

export type FromPlanner =
  | { readonly type: 'plan'; readonly index: number; readonly estimate: Estimate }
  | { readonly type: 'fault'; readonly index: number; readonly fault: ErrorMessage }
  /** What was measured, in the end. */
  | { readonly type: 'measured'; readonly rates: readonly MachineRates[] };

export interface Opened {
  readonly base: Base;
  readonly dataset: { readonly hash: string; readonly path: string; readonly format: string; readonly rows: number };
}

/** What a task made: the job's result, and what else its kind writes into the catalog. */
export interface Outcome {
  readonly result: Json;
}
