/**
 * When a daemon without work ends. Time is monotonic: setting the clock neither ends a daemon nor keeps it.
 */
export interface Idle {
  /** Looks whether there is work; returns true when there was none for the whole time. */
  readonly isOver: () => boolean;
  /** When it will be over, in milliseconds since 1970; null while there is work. */
  readonly at: () => number | null;
  /** Something was done just now. */
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
