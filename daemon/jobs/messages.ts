import type { AdapterContent } from '../catalog/adapters.ts';
import type { Base } from '../catalog/content.ts';
import type { ErrorMessage } from '../process/child.ts';
import type { RunEvent } from '../protocol/runEvents.ts';
import type { SettingValues } from '../settings/setting.ts';
import type { EvaluationRequest } from '../train/evaluateDataset.ts';
import type { TrainSettings } from '../train/settings.ts';

/** What a worker does: a job's spec with every name resolved and every default filled in; adapters are folders. */
export type Task =
  | {
      readonly kind: 'train';
      readonly settings: TrainSettings;
      /** Go on with the run in the output folder, whoever began it. */
      readonly resume: boolean;
      /** Go on with what an earlier attempt of this job left, if anything. */
      readonly again: boolean;
    }
  | { readonly kind: 'evaluate'; readonly request: EvaluationRequest }
  | { readonly kind: 'merge'; readonly adapter: string; readonly base?: string; readonly out: string }
  | {
      readonly kind: 'export';
      readonly adapter: string;
      readonly base?: string;
      readonly format: string;
      /** The format's own options. */
      readonly options: SettingValues;
      readonly out: string;
    }
  | { readonly kind: 'import'; readonly dir: string; readonly base?: string }
  | { readonly kind: 'download'; readonly base: string };
export type TaskOf<K extends Task['kind']> = Extract<Task, { kind: K }>;

/** Plain JSON. */
export type Json = Record<string, unknown>;

/** The preflight: most memory the task will take, and what else is known of it. */
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

/** What a task leaves: the job's result, and an adapter or a base model for the catalog. */
export interface Outcome {
  readonly result: Json;
  readonly base?: Base;
  readonly adapter?: AdapterContent;
}
