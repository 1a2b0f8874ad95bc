import type { Logger } from 'pino';
import { updateJob } from '../catalog/jobs.ts';
import { addMetrics } from '../catalog/metrics.ts';
import type { Catalog, Change } from '../catalog/open.ts';
import { describeRun, runProgress } from '../catalog/runs.ts';
import { addSample } from '../catalog/samples.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Job } from '../protocol/jobs.ts';
import { type Metric, metricOf } from '../protocol/metrics.ts';
import { progressOf, type RunEvent } from '../protocol/runEvents.ts';
import type { FromWorker } from './messages.ts';
import { emitJob } from './state.ts';

/** A message of a worker that goes into the catalog. */
export type Incoming = Extract<FromWorker, { type: 'event' | 'opened' | 'metrics' }>;

/** Writes what a job's worker sent, in order: events, metrics and samples of its run, and how far it is. Returns its progress. */
async function writeIncoming(
  change: Change,
  { id, run, progress }: Pick<Job, 'id' | 'run' | 'progress'>,
  all: readonly Incoming[],
): Promise<Job['progress']> {
  let now = progress;
  const metrics: Metric[] = [];
  let reached: { step: number; steps?: number } | undefined;
  for (const one of all) {
    if (one.type === 'opened') {
      if (run !== null) await describeRun(change, run, one.opened);
      continue;
    }
    if (one.type === 'metrics') {
      metrics.push(...one.lines.flatMap((line) => metricOf(line) ?? []));
      continue;
    }
    const event = plain(one.event);
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

/** The event as it will be read from the catalog: JSON has no NaN and no infinity, and leaves out undefined fields. */
const plain = (event: RunEvent): RunEvent => JSON.parse(JSON.stringify(event)) as RunEvent;

/** Without the figures that are not known. */
const known = (progress: Job['progress']): Job['progress'] =>
  Object.fromEntries(Object.entries(progress).filter(([, value]) => value !== null && value !== undefined));

/** Messages are written so often. A change of the job's state also writes those that wait. */
const WRITE_MS = 75;
/** Pause before another try after the disk refused them. */
const AGAIN_MS = 1000;
/** While a job runs, its own event, for clients that follow all jobs, comes at most so often. */
const JOB_EVENT_MS = 1000;
/** Most messages kept while the disk refuses them. Beyond that the oldest are lost. */
const MAX_KEPT = 10_000;

/** Messages on their way into the catalog. */
export interface Batch {
  write(change: Change): Promise<void>;
  /** Puts them back if the change failed. */
  restore(): void;
}

/** Collects the messages of an attempt's worker, and writes them a little later. */
export interface Collector {
  add(message: Incoming): void;
  /** The messages that are not written yet, for a change that the caller makes. Call it in that change. */
  take(): Batch;
  end(): void;
}

export function collectIncoming(
  { catalog, log }: { readonly catalog: Catalog; readonly log: Logger },
  job: Pick<Job, 'id' | 'run' | 'progress'>,
  /** The disk refuses what came (the progress that it tells), and takes it again. */
  on: { refused?: (progress: Job['progress']) => void; written?: () => void } = {},
): Collector {
  const { id, run } = job;
  let { progress } = job;
  let waiting: Incoming[] = [];
  let timer: NodeJS.Timeout | undefined;
  let [isWriting, isEnded, wasRefused] = [false, false, false];
  let shownAt = 0;

  function take(): Batch {
    const taken = waiting.splice(0);
    return {
      async write(change) {
        if (taken.length > 0) progress = await writeIncoming(change, { id, run, progress }, taken);
      },
      restore: () => void (waiting = [...taken, ...waiting].slice(-MAX_KEPT)),
    };
  }

  const later = (pause: number): void => {
    if (isEnded) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      void write();
    }, pause);
  };

  async function write(): Promise<void> {
    if (isWriting || waiting.length === 0) return;
    isWriting = true;
    let batch: Batch | undefined;
    let pause = WRITE_MS;
    let told: Job['progress'] = {};
    try {
      await catalog.change(async (change) => {
        told = Object.assign(
          {},
          ...waiting.map((one) => (one.type === 'event' ? known(progressOf(one.event)) : {})),
        ) as Job['progress'];
        batch = take();
        await batch.write(change);
        if (performance.now() - shownAt < JOB_EVENT_MS) return;
        shownAt = performance.now();
        await emitJob(change, id);
      });
      if (wasRefused) on.written?.();
      wasRefused = false;
    } catch (error) {
      batch?.restore();
      pause = AGAIN_MS;
      wasRefused = true;
      if (!isEnded && error instanceof VeraError && error.code === 'io') on.refused?.(told);
      log.error({ err: error, job: id }, 'what a worker sent could not be written');
    }
    isWriting = false;
    // Messages that came meanwhile found a write under way, and the worker may be silent for long.
    if (waiting.length > 0) later(pause);
  }

  return {
    add(message) {
      waiting.push(message);
      later(WRITE_MS);
    },
    take,
    end() {
      isEnded = true;
      clearTimeout(timer);
    },
  };
}
