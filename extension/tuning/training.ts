import type { TrainSpec } from '../../daemon/jobs/kinds/train.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';

export type { TrainSpec };
export type TrainSettings = TrainSpec['settings'];

/** The spec of a training job. Throws for another kind. */
export function trainingOf({ spec, title }: Pick<Job, 'spec' | 'title'>): TrainSpec {
  if (spec.kind === 'train') return spec as TrainSpec;
  throw new Error(`${title} trains nothing.`);
}
