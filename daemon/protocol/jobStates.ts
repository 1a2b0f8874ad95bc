import type { JobState } from './jobs.ts';

/** How a state of a job is shown. */
interface StateFacts {
  /** For people. */
  readonly label: string;
  /** A codicon. */
  readonly icon: string;
  /** A theme colour of VS Code. */
  readonly colour?: string;
  /** waiting: may still begin. working: its process runs. resting: nothing happens until somebody asks. over: it has ended. */
  readonly phase: 'waiting' | 'working' | 'resting' | 'over';
}

export const JOB_STATES: Readonly<Record<JobState, StateFacts>> = {
  queued: { label: 'Queued', icon: 'clock', phase: 'waiting' },
  running: { label: 'Running', icon: 'sync', colour: 'charts.blue', phase: 'working' },
  pausing: { label: 'Pausing', icon: 'debug-pause', colour: 'charts.yellow', phase: 'working' },
  paused: { label: 'Paused', icon: 'debug-pause', colour: 'charts.yellow', phase: 'resting' },
  cancelling: { label: 'Cancelling', icon: 'debug-stop', phase: 'working' },
  cancelled: { label: 'Cancelled', icon: 'circle-slash', phase: 'over' },
  succeeded: { label: 'Done', icon: 'pass', colour: 'charts.green', phase: 'over' },
  failed: { label: 'Failed', icon: 'error', colour: 'charts.red', phase: 'over' },
};

export const isOver = (state: JobState): boolean => JOB_STATES[state].phase === 'over';
/** It does nothing more by itself. */
export const isResting = (state: JobState): boolean => isOver(state) || JOB_STATES[state].phase === 'resting';
const statesOf = (is: (state: JobState) => boolean): readonly JobState[] =>
  (Object.keys(JOB_STATES) as JobState[]).filter(is);
/** States in which a worker is at work on a job. */
export const AT_WORK = statesOf((state) => JOB_STATES[state].phase === 'working');
/** States in which a job has ended. */
export const OVER = statesOf(isOver);
