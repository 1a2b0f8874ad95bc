/**
 * Decides when a daemon without work ends. Time is monotonic, so setting the clock neither ends a daemon nor keeps it running.
 */
export interface Idle {
  /** Checks whether there is work. Returns true if there was none for the whole time. */
  readonly isOver: () => boolean;
  /** When the time will be over, in milliseconds since 1970; null while there is work. */
  readonly at: () => number | null;
  /** Records that something was done just now. */
  readonly touch: () => void;
}

/** limit: milliseconds. now: milliseconds of a clock that only goes forward. */
export function idleTime(limit: number, busy: () => boolean, now: () => number = () => performance.now()): Idle {
  let since: number | undefined;
  const idleFor = (): number | undefined => {
    if (busy()) since = undefined;
    else since ??= now();
    return since === undefined ? undefined : now() - since;
  };
  return {
    touch: () => (since = undefined),
    isOver: () => (idleFor() ?? -1) >= limit,
    at: () => {
      const passed = idleFor();
      return passed === undefined ? null : Date.now() + Math.max(0, limit - passed);
    },
  };
}
