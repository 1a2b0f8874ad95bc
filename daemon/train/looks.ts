/** What a run does beside its steps: it measures the held-out rows and writes samples, and says how far it is with that. */
import type { PhaseName } from '../protocol/runTime.ts';
import { heldOutBatches } from './batchSource.ts';
import type { Course } from './course.ts';
import { evaluate, type Evaluation } from './evaluate.ts';
import type { Prepared } from './prepare.ts';
import { generateSamples, type Sample } from './samples.ts';
import type { ReadySettings } from './settings.ts';
import type { Step } from './step.ts';

export interface LookOptions {
  readonly course: Course;
  readonly prepared: Prepared;
  readonly settings: ReadySettings;
}

/**
 * The held-out loss. `phase` counts from `from` to `from + share` meanwhile. `batches`: how many there will be. Of the base, the loss
 * so far is told after each batch, because it is the first thing to see of a run.
 */
export function measureHeldOut(
  step: Step,
  theta: Float32Array,
  { course, prepared, settings }: LookOptions,
  at: { phase: PhaseName; what: string; from: number; share: number; batches: number },
  stopped: () => boolean,
): Promise<Evaluation> {
  const { phase, what, from, share, batches } = at;
  return evaluate(step, theta, heldOutBatches(prepared.dataset, settings), {
    vocabulary: prepared.base.config.vocabulary,
    most: settings.evalBatches || Infinity,
    stopped,
    onBatch: ({ parts: { length: done }, loss }) => {
      const all = Math.max(done, batches);
      const more = phase === 'measuringBase' && Number.isFinite(loss) ? { heldOutLoss: loss } : {};
      course.reached(phase, Math.min(1, from + (share * done) / all), `${what}, ${done} of ${all}`, more);
    },
  });
}

/** Samples before or after training. theta: the trainable vector. */
export async function writeSamples(
  phase: 'samplesBefore' | 'samplesAfter',
  theta: Float32Array,
  { course, prepared, settings }: LookOptions,
): Promise<Sample[]> {
  const what = phase === 'samplesBefore' ? 'writing samples of the base' : 'writing samples';
  course.begin(phase, what);
  const samples = await generateSamples(prepared, settings, theta, (done) => course.reached(phase, done, what));
  course.end(phase);
  return samples;
}
