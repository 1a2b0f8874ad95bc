import { pauseMs } from '../../daemon/protocol/backoff.ts';

/** Something that runs until it ends, with the reason. ended: true if it was stopped on purpose, false if it broke. */
export interface Session {
  readonly closed: Promise<{ readonly ended: boolean; readonly why: string }>;
}

export interface KeepOptions {
  /** Opens a session. start: whether to start the daemon if it does not run. */
  open: (how: { start: boolean }) => Promise<Session>;
  say: (line: string) => void;
  /** Stops the keeping. The caller ends a session that still runs. */
  readonly over: AbortSignal;
  /** Calls a listener when a person works on a file that the session is for. */
  onNeeded: (listener: () => void) => () => void;
  /** Other times, which tests use. */
  readonly times?: Partial<typeof TIMES>;
}

const TIMES = {
  firstPauseMs: 500,
  longestPauseMs: 60_000,
  /** Longest pause between looks for a new session after one was stopped on purpose. A look costs little. */
  longestLookMs: 10_000,
  /** A session that lasted so long does not count as one that breaks at once. */
  settledMs: 60_000,
};
const MOST_TRIES = 10; // in a row without a session that lasted: some minutes, because the pauses grow

/**
 * Keeps a session open until `over` is aborted, with growing pauses between tries. A session that was stopped on purpose is
 * not started again, and one that failed too often is left alone, until a person works on a file that it is for.
 */
export async function keep({ open, say, over, onNeeded, times }: KeepOptions): Promise<void> {
  const { firstPauseMs, longestPauseMs, longestLookMs, settledMs } = { ...TIMES, ...times };
  let [tries, pauses, start, said] = [0, 0, true, ''];
  const tell = (line: string): void => {
    if (line !== said) say(line);
    said = line;
  };
  while (!over.aborted) {
    try {
      const session = await open({ start });
      said = '';
      const began = performance.now();
      const { ended, why } = await session.closed;
      if (over.aborted) return;
      tell(`the language server is gone: ${why}`);
      if (performance.now() - began > settledMs) tries = 0;
      pauses = tries;
      start = !ended;
    } catch (error) {
      if (over.aborted) return;
      if (start) tell(`no language server: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (start) tries++;
    pauses++;
    const pause = pauseMs(pauses, { firstMs: firstPauseMs, longestMs: start ? longestPauseMs : longestLookMs });
    if (!start) start = await wait(pause, over, onNeeded);
    else if (tries < MOST_TRIES) await wait(pause, over);
    else {
      tell('datasets are not checked until one of them is edited');
      await wait(pause, over);
      await wait(undefined, over, onNeeded);
    }
  }
}

/** Waits for `ms` (undefined: for ever) or until `over` is aborted; returns true as soon as the session is needed. */
function wait(ms: number | undefined, over: AbortSignal, onNeeded?: KeepOptions['onNeeded']): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (needed: boolean): void => {
      clearTimeout(timer);
      over.removeEventListener('abort', aborted);
      stop?.();
      resolve(needed);
    };
    const aborted = (): void => done(false);
    const timer = ms === undefined ? undefined : setTimeout(() => done(false), ms);
    const stop = onNeeded?.(() => done(true));
    over.addEventListener('abort', aborted);
    if (over.aborted) aborted();
  });
}
