/**
 * The states of a job and what changes them, as data. A person's request (`ACTIONS`), the end of an attempt (`afterEnd`) and the
 * death of a daemon (`afterLoss`) are all that moves a job, besides the scheduler, which turns 'queued' into 'running' or 'failed'.
 */
import type { Attempt, JobState } from '../protocol/jobs.ts';

/** What a request does to a job in a state: moves it, finds nothing to do, or is refused with a reason. */
export type Move = { readonly to: JobState } | 'nothing' | { readonly refused: string };

export const ACTION_NAMES = ['cancel', 'pause', 'resume', 'retry'] as const;
export type Action = (typeof ACTION_NAMES)[number];

const to = (state: JobState): Move => ({ to: state });
const refused = (reason: string): Move => ({ refused: reason });
const NOTHING_TO_CANCEL = refused('there is nothing to cancel');
const NOTHING_TO_PAUSE = refused('there is nothing to pause');
const RETRY_INSTEAD = refused('retry it instead');
const NOT_OVER = refused('only a job that failed or was cancelled can be tried again');

export const ACTIONS: Readonly<Record<Action, Readonly<Record<JobState, Move>>>> = {
  cancel: {
    queued: to('cancelled'),
    running: to('cancelling'),
    pausing: to('cancelling'),
    paused: to('cancelled'),
    cancelling: 'nothing',
    cancelled: 'nothing',
    succeeded: NOTHING_TO_CANCEL,
    failed: NOTHING_TO_CANCEL,
  },
  pause: {
    queued: to('paused'),
    running: to('pausing'), // where its kind can
    pausing: 'nothing',
    paused: 'nothing',
    cancelling: NOTHING_TO_PAUSE,
    cancelled: NOTHING_TO_PAUSE,
    succeeded: NOTHING_TO_PAUSE,
    failed: NOTHING_TO_PAUSE,
  },
  resume: {
    queued: 'nothing',
    running: 'nothing',
    pausing: refused('wait until it has reached its checkpoint'),
    paused: to('queued'),
    cancelling: RETRY_INSTEAD,
    cancelled: RETRY_INSTEAD,
    succeeded: refused('it is done'),
    failed: RETRY_INSTEAD,
  },
  retry: {
    queued: NOT_OVER,
    running: NOT_OVER,
    pausing: NOT_OVER,
    paused: NOT_OVER,
    cancelling: NOT_OVER,
    cancelled: to('queued'),
    succeeded: NOT_OVER,
    failed: to('queued'),
  },
};

/** `pauses`: whether the job's kind can stop at a checkpoint. */
export function moveOf(action: Action, state: JobState, pauses: boolean): Move {
  if (action === 'pause' && state === 'running' && !pauses)
    return refused('a job of this kind cannot be paused while it runs; cancel it, or let it end');
  return ACTIONS[action][state];
}

/** How a worker ended, without what it made. */
export type EndOfWorker =
  | { readonly how: 'done' }
  | { readonly how: 'stopped' }
  | { readonly how: 'error'; readonly message: string }
  | { readonly how: 'crashed'; readonly reason: string };

/** What is known of an attempt beside how its worker ended. */
export interface AttemptFacts {
  /** The daemon is being stopped. */
  readonly stopping: boolean;
  /** Crashes of the job in a row with this one, if it was one, without a newer checkpoint in between. */
  readonly crashes: number;
  /** So many of them end a job. */
  readonly maxCrashes: number;
}

export interface Settled {
  readonly state: JobState;
  readonly outcome: NonNullable<Attempt['outcome']>;
  /** Why the attempt ended, for people. */
  readonly reason: string | null;
  /** With state 'failed' after crashes: what the job failed of. */
  readonly failure?: string;
}

/** What becomes of a job in `state`, and of its attempt. */
export function afterEnd(state: JobState, end: EndOfWorker, facts: AttemptFacts): Settled {
  if (state === 'cancelling') return { state: 'cancelled', outcome: 'cancelled', reason: 'it was cancelled' };
  switch (end.how) {
    case 'done':
      return { state: 'succeeded', outcome: 'succeeded', reason: null };
    case 'error':
      return { state: 'failed', outcome: 'failed', reason: end.message };
    case 'stopped': {
      if (state === 'pausing') return { state: 'paused', outcome: 'paused', reason: 'it was paused' };
      const why = facts.stopping ? 'the daemon was stopped' : 'its process was asked to end';
      return { state: 'queued', outcome: 'paused', reason: `${why}; it continues from there` };
    }
    case 'crashed': {
      const { reason } = end;
      if (state === 'pausing') return { state: 'paused', outcome: 'crashed', reason };
      if (facts.stopping) return { state: 'queued', outcome: 'lost', reason: 'the daemon was stopped while it ran' };
      if (facts.crashes < facts.maxCrashes) return { state: 'queued', outcome: 'crashed', reason };
      const times = facts.crashes === 1 ? 'once' : `${facts.crashes} times without getting further`;
      const failure = `its worker ended unexpectedly ${times}: ${reason}; see the log, and retry the job when the cause is gone`;
      return { state: 'failed', outcome: 'crashed', reason, failure };
    }
  }
}

/** A job that ran in so many ends of the daemon, one after the other, may be what ends it: it waits until it is resumed. */
export const MOST_LOST = 10;

/** What becomes of a job whose daemon died. `lost`: attempts in a row that ended so, with this one. Undefined where none ran. */
export function afterLoss(state: JobState, lost: number): Settled | undefined {
  const what = 'the daemon or the machine ended while it ran';
  const reason = lost >= MOST_LOST ? `${what}, ${lost} times in a row: it waits until it is resumed` : what;
  const next: Partial<Record<JobState, JobState>> = {
    running: lost >= MOST_LOST ? 'paused' : 'queued',
    pausing: 'paused',
    cancelling: 'cancelled',
  };
  return next[state] && { state: next[state], outcome: 'lost', reason };
}
