import type { Job } from '../../daemon/protocol/jobs.ts';
import { isOver, JOB_STATES } from '../../daemon/protocol/jobStates.ts';
import { ITEMS } from '../contributions.ts';
import { durationText } from '../../daemon/protocol/text.ts';
import { lossText, oneLine, percentText } from '../text.ts';

/** Share of a job that is done, from 0 to 1, with everything that belongs to it; undefined if it is unknown. */
export function fractionOf({
  state,
  progress: { step, steps, fraction },
}: Pick<Job, 'state' | 'progress'>): number | undefined {
  if (state === 'succeeded') return 1;
  return fraction ?? (step !== undefined && steps !== undefined && steps > 0 ? step / steps : undefined);
}

/** What a job that runs does now, how much of it is done and how long it takes: 'measuring the base, 3 of 8 · 12% · 4 min left'. */
export function doingText(job: Pick<Job, 'state' | 'progress'>): string {
  const { text, secondsLeft } = job.progress;
  const fraction = fractionOf(job);
  return [
    ...(text === undefined ? [] : [oneLine(text)]),
    ...(fraction === undefined ? [] : [percentText(fraction)]),
    ...(secondsLeft === undefined ? [] : [`${durationText(secondsLeft)} left`]),
  ].join(' · ');
}

/** The text beside the title of a job. Pure. */
export function describeJob(job: Job): string {
  const { state, progress, waitingFor, error } = job;
  const fraction = fractionOf(job);
  const part = fraction === undefined ? [] : [percentText(fraction)];
  const loss = progress.heldOutLoss ?? progress.loss;
  const losses = loss === undefined ? [] : [`loss ${lossText(loss)}`];
  switch (state) {
    case 'queued':
      return waitingFor === null ? 'waits for its turn' : `waits: ${oneLine(waitingFor)}`;
    case 'running':
      return [doingText(job), ...losses].filter((text) => text !== '').join(' · ') || 'starting';
    case 'pausing':
      return ['pausing', ...part].join(' · ');
    case 'paused':
      return ['paused', ...part, ...losses].join(' · ');
    case 'cancelling':
      return 'cancelling';
    case 'cancelled':
      return ['cancelled', ...part].join(' · ');
    case 'failed':
      return error === null ? 'failed' : oneLine(error.message);
    case 'succeeded':
      return [...losses, tookText(job)].filter((text) => text !== '').join(' · ') || 'done';
  }
}

const tookText = ({ startedAt, endedAt }: Job): string =>
  startedAt === null || endedAt === null ? '' : `took ${durationText((endedAt - startedAt) / 1000)}`;

/** The icon of each state, and its colour as an identifier of VS Code's theme. */
export function iconOf(state: Job['state']): readonly [icon: string, colour: string | undefined] {
  const { icon, colour } = JOB_STATES[state];
  return [state === 'running' ? `${icon}~spin` : icon, colour];
}

/** The `contextValue` of a job, which menus read. */
export function itemOf({ kind, state }: Pick<Job, 'kind' | 'state'>): string {
  const over = isOver(state);
  if (kind !== 'train') return over ? ITEMS.endedWork : ITEMS.work;
  if (state === 'queued') return ITEMS.queuedRun;
  if (state === 'running') return ITEMS.runningRun;
  if (state === 'paused') return ITEMS.pausedRun;
  if (state === 'succeeded') return ITEMS.endedRun;
  return over ? ITEMS.failedRun : ITEMS.stoppingRun;
}
