import { updateJob } from '../catalog/jobs.ts';
import type { Change } from '../catalog/open.ts';
import { addMetrics, describeRun, runProgress } from '../catalog/runs.ts';
import type { Job } from '../protocol/jobs.ts';
import type { Metric } from '../protocol/runs.ts';
import type { FromWorker, Json } from './messages.ts';

/** What a worker told that is not in the catalog yet. */
export type Telling = Extract<FromWorker, { type: 'event' | 'opened' | 'metrics' }>;

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
    if (telling.type === 'metrics') {
      metrics.push(...telling.lines.flatMap((line) => metricOf(line) ?? []));
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

/** The metric of a 'step' or 'eval' event, or of a line of metrics.jsonl, which has no name for its kind. */
function metricOf(event: Json): Metric | undefined {
  const [step, kind] = [number(event, 'step'), event['event']];
  if (step === null || (kind !== undefined && kind !== 'step' && kind !== 'eval')) return undefined;
  const get = (name: string): number | null => (kind === 'eval' ? null : number(event, name));
  return {
    ...{ step, epoch: get('epoch'), loss: get('loss'), learningRate: get('learningRate') },
    heldOutLoss: kind === 'eval' ? number(event, 'loss') : number(event, 'heldOutLoss'),
    ...{ gradientNorm: get('gradientNorm'), tokens: get('tokens'), tokensPerSecond: get('tokensPerSecond') },
  };
}
