import type { z } from 'zod';
import type { Change } from '../../catalog/open.ts';
import type { Db } from '../../catalog/schema.ts';
import type { ResolveOptions } from '../../models/resolve.ts';
import type { Job, JobSpec } from '../../protocol/jobs.ts';
import type { Emit } from '../../protocol/runEvents.ts';
import type { Planning } from '../../train/planning.ts';
import type { Estimate, Json, Opened, Outcome } from '../messages.ts';

/** Thrown out of work that was asked to stop and has no checkpoint to stop at. */
export class Stopped extends Error {}

/**
 * Everything about one kind of job. A new kind is a file beside this and a line in the registry: then the queue runs it, the
 * protocol accepts its spec, and the command line, the docs and the plan know it.
 *
 * Spec: what is submitted. Task: what its worker gets, with every name resolved and every default filled in. Made: what the
 * worker gives back. The daemon loads this file and never loads onnxruntime, so `estimate` and `run`, which a worker calls, import
 * what they need when they are called.
 */
export interface Kind<Spec extends JobSpec, Task, Made extends Outcome> {
  readonly name: Spec['kind'];
  /** What a job of it does, for help and docs: 'trains an adapter'. */
  readonly summary: string;
  readonly spec: z.ZodType<Spec>;
  /** It computes, so it shares the processor and most of the memory with others. Other kinds wait for the disk or the network. */
  readonly computes: boolean;
  /** It can stop at a checkpoint, and another attempt continues from there. It says so with an event 'checkpoint'. */
  readonly pauses: boolean;
  /** Fields of its spec that name an adapter of the catalog, or a list of them. A name becomes a number when the job is submitted. */
  readonly adapters: readonly (keyof Spec & string)[];
  /** What the job does, for people. `adapter`: the name of the (first) adapter that its spec names by number. */
  title(spec: Spec, adapter: string | undefined): string;
  /** Refuses what could never run, before anything is written. Throws VeraError. */
  check?(spec: Spec, given: Given): void;
  /** The folder that `run` writes with `writeStaged`, which a job that is over leaves whole or not at all. */
  output?(spec: Spec): string;
  /** Writes what a new job of this kind has in the catalog beside itself. Its spec from now on. */
  submitted?(change: Change, job: NewJob<Spec>): Promise<Spec>;
  /** What a worker has to do. Throws VeraError. */
  task(spec: Spec, context: TaskContext): Promise<Task>;
  /** In a worker: the plan. It is cheap, and fails where the job would fail at once. */
  estimate(task: Task, options: EstimateOptions): Promise<Estimate>;
  /**
   * In a worker: does it. Undefined where it was asked to stop and did. What it writes is whole or absent, and can be done again
   * after a crash.
   */
  run(task: Task, context: KindContext): Promise<Made | undefined>;
  /** Writes into the catalog what was made. What to put into the job's result beside `made.result`. */
  commit?(change: Change, job: JobOf<Spec>, made: Made): Promise<Json>;
}

/** A kind as the queue and a worker use it: they give it back only what it gave or checked itself. */
export type AnyKind = Kind<JobSpec, unknown, Outcome>;

export const defineKind = <Spec extends JobSpec, Task, Made extends Outcome = Outcome>(
  kind: Kind<Spec, Task, Made>,
): AnyKind => kind as unknown as AnyKind;

export type JobOf<Spec> = Omit<Job, 'spec'> & { readonly spec: Spec };

/** What is known when a spec is checked. */
export interface Given {
  /** Whether a path is not there, and no job that comes first could make it. */
  readonly isMissing: (path: string) => boolean;
}

export interface NewJob<Spec> {
  readonly id: number;
  readonly spec: Spec;
  readonly userId: number;
  readonly projectId: number | null;
  readonly actor: string;
}

export interface TaskContext {
  readonly db: Db;
  /** Undefined where only the plan is wanted. */
  readonly job: Job | undefined;
  /** Writes an adapter of the catalog into a folder for the worker, and gives that. Throws VeraError 'missing' or 'conflict'. */
  readonly stored: (adapter: number | string) => Promise<string>;
}

export interface EstimateOptions extends ResolveOptions {
  /** What plans that are made together share. Absent where only the memory is wanted, before a job begins. */
  readonly planning?: Planning | undefined;
}

/** What `run` gets from its worker. */
export interface KindContext {
  /** Where base models are kept. Its onProgress throws Stopped where the job was asked to stop. */
  readonly resolve: ResolveOptions;
  readonly emit: Emit;
  readonly opened: (opened: Opened) => void;
  readonly metrics: (lines: readonly Json[]) => void;
  readonly stopped: () => boolean;
  /** The job's own folder, which still has what an earlier attempt left there. */
  readonly folder: string;
}

/** The plan of a kind that needs no memory beside that of its process. */
export async function littleMemory(): Promise<Estimate> {
  const { PROCESS_BYTES } = await import('../../train/estimate.ts');
  return { memoryBytes: PROCESS_BYTES, details: {} };
}
