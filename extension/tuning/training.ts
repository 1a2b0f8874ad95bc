import type { Job, JobSpec } from '../../daemon/protocol/jobs.ts';

export type TrainSpec = Extract<JobSpec, { kind: 'train' }>;
export type TrainSettings = TrainSpec['settings'];

/** The spec of a training job. Throws for another kind. */
export function trainingOf({ spec, title }: Pick<Job, 'spec' | 'title'>): TrainSpec {
  if (spec.kind === 'train') return spec;
  throw new Error(`${title} trains nothing.`);
}
