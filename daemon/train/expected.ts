import type { RunEventOf } from '../protocol/runEvents.ts';
import { cacheFolder } from '../home.ts';
import { evaluationInterval, phaseSeconds } from '../protocol/runTime.ts';
import { estimateSteps } from './batchSource.ts';
import type { Course } from './course.ts';
import type { Prepared } from './prepare.ts';
import type { Progress } from './progress.ts';
import { runTimeOf, toMakeOf } from './runTime.ts';
import { tokensAtOnce } from './step.ts';
import type { Throughput } from './throughput.ts';
import { thetaSize } from './trainable.ts';
import { type Workload, workloadOf } from './workload.ts';

/** What a run expects to do. */
export interface Expected {
  /** Optimizer steps; with epochs an estimate. */
  readonly steps: number;
  /** Steps between evaluations. */
  readonly evalEvery: number;
  readonly workload: Workload;
}

export async function expectedOf({ dataset, adaptation, settings }: Prepared): Promise<Expected> {
  const { length, batch } = settings;
  const steps = await estimateSteps(dataset, settings);
  const workload = await workloadOf(dataset, settings, tokensAtOnce(adaptation, length, batch * length));
  return { steps, evalEvery: evaluationInterval(settings.evalEvery, steps), workload };
}

/** Tells the course of a run what is to be done, and what an earlier attempt has done. */
export function planCourse(
  course: Course,
  { base, adaptation, settings }: Prepared,
  expected: Expected,
  progress: Progress,
  rates: Throughput,
): void {
  const { steps, workload } = expected;
  const facts = {
    config: base.config,
    adaptation,
    settings,
    workload,
    toMake: toMakeOf(base, settings.precision, cacheFolder()),
  };
  const { step, evaluatedAt, samplesBefore } = progress;
  course.end('data');
  course.plan({ ...phaseSeconds(runTimeOf(facts, rates), steps), base: course.estimates().base }, true, {
    ...{ base: 1, data: 1 },
    ...{ measuringBase: Number(evaluatedAt >= 0), samplesBefore: Number(samplesBefore !== undefined) },
    ...{ steps: Math.min(1, step / steps), evaluations: evaluatedShare(expected, progress) },
  });
}

/** The share of the evaluations after the first that is done. */
export function evaluatedShare({ steps, evalEvery }: Expected, { evaluatedAt }: Progress): number {
  const number = (step: number): number => Math.ceil(step / evalEvery);
  return Math.min(1, number(Math.max(0, evaluatedAt)) / Math.max(1, number(steps)));
}

/** What a run tells first. `step`: the one after which it continues. */
export function startEvent(
  { settings, sites, dataset, adaptation }: Prepared,
  steps: number,
  step: number,
): RunEventOf<'start'> {
  const { out, base, method, precision } = settings;
  const { format, description: data, rows, heldOutRows } = dataset;
  return {
    ...{ event: 'start', out, base, method, precision, layers: sites.length, format, data, rows, heldOutRows },
    ...{ steps, trainableParameters: thetaSize(adaptation), step },
  };
}
