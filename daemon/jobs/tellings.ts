import { updateJob } from '../catalog/jobs.ts';
import type { Change } from '../catalog/open.ts';
import { addMetrics, describeRun, runProgress } from '../catalog/runs.ts';
import type { Job } from '../protocol/jobs.ts';
import type { Metric } from '../protocol/runs.ts';
import type { FromWorker, Json } from './messages.ts';

/** What a worker told that is not in the catalog yet. */
export type Telling = Extract<FromWorker, { type: 'event' | 'opened' }>;

/** Writes what a job's worker told, in order: events, metrics of its run, and how far it is. Returns its progress. */
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
    const { event } = telling;
    change.emit({ type: 'worker', job: id, event: plain(event) });
    now = { ...now, ...progressOf(event) };
    const metric = metricOf(event);
    if (metric) metrics.push(metric);
    const [step, steps] = [number(event, 'step'), number(event, 'steps')];
    if (step !== null) reached = { ...reached, step, ...(steps === null ? {} : { steps }) };
  }
  if (run !== null) {
    await addMetrics(change, run, metrics);
    if (reached) await runProgress(change, run, reached);
  }
  await updateJob(change.db, id, { progress: now });
  return now;
}

const number = (event: Json, name: string): number | null => {
  const value = event[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
};

/** JSON has no NaN and no infinity; undefined is left out. */
const plain = (event: Json) => JSON.parse(JSON.stringify(event)) as Record<string, never>;

/** What of an event says how far its job is. */
function progressOf(event: Json): Job['progress'] {
  const known = (names: Readonly<Record<string, string>>): Job['progress'] =>
    Object.fromEntries(
      Object.entries(names).flatMap(([field, name]) => {
        const value = number(event, name);
        return value === null ? [] : [[field, value]];
      }),
    );
  if (event['event'] === 'progress')
    return { ...known({ fraction: 'fraction' }), text: String(event['text']).slice(0, 1000) };
  if (event['event'] === 'start') return { text: 'training', ...known({ step: 'step', steps: 'steps' }) };
  if (event['event'] === 'eval') return known({ heldOutLoss: 'loss' });
  if (event['event'] !== 'step') return {};
  const [step, steps] = [number(event, 'step'), number(event, 'steps')];
  const names = {
    step: 'step',
    steps: 'steps',
    loss: 'loss',
    tokensPerSecond: 'tokensPerSecond',
    secondsLeft: 'secondsLeft',
  };
  return {
    ...known(names),
    text: 'training',
    ...(step !== null && steps ? { fraction: Math.min(1, step / steps) } : {}),
  };
}

function metricOf(event: Json): Metric | undefined {
  const step = number(event, 'step');
  if (step === null) return undefined;
  const none = {
    epoch: null,
    loss: null,
    heldOutLoss: null,
    learningRate: null,
    gradientNorm: null,
    tokens: null,
    tokensPerSecond: null,
  };
  if (event['event'] === 'eval') return { ...none, step, heldOutLoss: number(event, 'loss') };
  if (event['event'] !== 'step') return undefined;
  return {
    ...{ step, epoch: number(event, 'epoch'), loss: number(event, 'loss'), heldOutLoss: null },
    ...{ learningRate: number(event, 'learningRate'), gradientNorm: number(event, 'gradientNorm') },
    ...{ tokens: number(event, 'tokens'), tokensPerSecond: number(event, 'tokensPerSecond') },
  };
}
