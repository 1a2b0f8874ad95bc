import type { PanelRun } from '../../daemon/protocol/panel.ts';

type State = PanelRun['state'];

/** A run's state as a badge says it, and the codicon beside it. */
export const STATE_WORDS: Readonly<Record<State, readonly [word: string, icon: string]>> = {
  queued: ['Queued', 'clock'],
  running: ['Training', 'play-circle'],
  pausing: ['Pausing', 'debug-pause'],
  paused: ['Paused', 'debug-pause'],
  cancelling: ['Stopping', 'debug-stop'],
  cancelled: ['Stopped', 'circle-slash'],
  succeeded: ['Done', 'pass-filled'],
  failed: ['Failed', 'error'],
};

/** 'A' for the first run; letters go round after 26. */
export const letter = (place: number): string => String.fromCharCode(65 + (place % 26));
