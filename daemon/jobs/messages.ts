import type { Base } from '../catalog/content.ts';
import type { ErrorMessage } from '../process/child.ts';
import type { RunEvent } from '../protocol/runEvents.ts';

/** What a worker does: the task of a kind (kinds/kind.ts). */
export interface Task {
  readonly kind: string;
  readonly task: unknown;
}

/** Plain JSON. */
export type Json = Record<string, unknown>;

/** The plan: most memory the task will take, and what else its kind says of it. */
export interface Estimate {
  readonly memoryBytes: number;
  readonly details: Json;
}

export type ToWorker =
  | {
      readonly type: 'start';
      readonly task: Task;
      /** The job's own folder, which one worker at a time works in; null where only the estimate is wanted. */
      readonly folder: string | null;
      /** Estimate first, and wait for 'go'. */
      readonly estimate: boolean;
      /** Measure how fast this machine is too. */
      readonly measure: boolean;
    }
  | { readonly type: 'go' };

export type FromWorker =
  | { readonly type: 'estimate'; readonly estimate: Estimate }
  | { readonly type: 'event'; readonly event: RunEvent }
  /** What a training run reads. */
  | { readonly type: 'opened'; readonly opened: Opened }
  /** Steps and evaluations of before, for the catalog alone: lines of metrics.jsonl. */
  | { readonly type: 'metrics'; readonly lines: readonly Json[] }
  | { readonly type: 'done'; readonly outcome: Outcome }
  | { readonly type: 'stopped' }
  | ErrorMessage;

export interface Opened {
  readonly base: Base;
  readonly dataset: { readonly hash: string; readonly path: string; readonly format: string; readonly rows: number };
}

/** What a task gives back: the job's result, and what else its kind commits. */
export interface Outcome {
  readonly result: Json;
}
