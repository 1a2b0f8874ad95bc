import { updateJob } from '../catalog/jobs.ts';
import { addMetrics } from '../catalog/metrics.ts';
import type { Change } from '../catalog/open.ts';
import { describeRun, runProgress } from '../catalog/runs.ts';
import { addSample } from '../catalog/samples.ts';
import type { Job } from '../protocol/jobs.ts';
import { type Metric, metricOf } from '../protocol/metrics.ts';
import { progressOf, type RunEvent } from '../protocol/runEvents.ts';
import type { FromWorker } from './messages.ts';

/** What a worker sent that is not in the catalog yet. */
export type Telling = Extract<FromWorker, { type: 'event' | 'opened' | 'metrics' }>;

/** Writes what a job's worker sent, in order: events, metrics and samples of its run, and how far it is. Returns its progress. */
export async function writeTellings(
  change: Change,
  { id, run, progress }: Pick<Job, 'id' | 'run' | 'progress'>,
  tellings: readonly Telling[],
): Promise<Job['progress']> {
  let now = progress;
  const metrics: Metric[] = [];
  let reached: { step: number; steps?: number } | undefined;
  for (const telling of tellings) {
    if (telling.type === 'opened') {
      if (run !== null) await describeRun(change, run, telling.opened);
      continue;
    }
    if (telling.type === 'metrics') {
      metrics.push(...telling.lines.flatMap((line) => metricOf(line) ?? []));
      continue;
    }
    const event = plain(telling.event);
    change.emit({ type: 'worker', job: id, event });
    now = { ...now, ...known(progressOf(event)) };
    const metric = metricOf(event);
    if (metric) metrics.push(metric);
    if (run !== null && event.event === 'sample') await addSample(change, run, event);
    if ('step' in event) reached = { ...reached, step: event.step };
    if ('steps' in event && 'step' in event) reached = { step: event.step, steps: event.steps };
  }
  if (run !== null) {
    await addMetrics(change, run, metrics);
    if (reached) await runProgress(change, run, reached);
  }
  await updateJob(change.db, id, { progress: now });
  return now;
}

/** As it comes out of the catalog again: JSON has no NaN and no infinity, and leaves out what is undefined. */
const plain = (event: RunEvent): RunEvent => JSON.parse(JSON.stringify(event)) as RunEvent;

/** Without the numbers that were none. */
const known = (progress: Job['progress']): Job['progress'] =>
  Object.fromEntries(Object.entries(progress).filter(([, value]) => value !== null && value !== undefined));
