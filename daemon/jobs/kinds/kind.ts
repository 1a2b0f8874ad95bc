import type { ResolveOptions } from '../../models/resolve.ts';
import type { Emit } from '../../protocol/runEvents.ts';
import type { Estimate, Json, Opened, Outcome, Task, TaskOf } from '../messages.ts';

/** Thrown out of work that was asked to stop and has no checkpoint to stop at. */
export class Stopped extends Error {}

/** What a kind of job has of its worker. */
export interface KindContext {
  /** Where base models are kept; its onProgress throws Stopped where the job was asked to stop. */
  readonly resolve: ResolveOptions;
  readonly emit: Emit;
  readonly opened: (opened: Opened) => void;
  readonly metrics: (lines: readonly Json[]) => void;
  readonly stopped: () => boolean;
  /** The job's own folder; what an earlier attempt left there is still in it. */
  readonly folder: string;
}

/** How one kind of job is done, in its worker. A new kind is a file beside this, a line in the registry, and its spec in the protocol. */
export interface Kind<K extends Task['kind']> {
  readonly name: K;
  /** The preflight: cheap, and fails where the job would fail at once. */
  estimate(task: TaskOf<K>, options: ResolveOptions & { readonly measure: boolean }): Promise<Estimate>;
  /** Undefined where it was asked to stop and did. What it writes is whole or absent, and can be done again after a crash. */
  run(task: TaskOf<K>, context: KindContext): Promise<Outcome | undefined>;
}
