/** How long to wait after a key before asking the model: as long as the person is likely to press the next one. */
export interface Debounce {
  /** A key was pressed. */
  typed(now: number): void;
  /**
   * Milliseconds to wait. latencyMs: how long an answer usually takes; the next key may come in that time too. likely: the place is one
   * where people stop.
   */
  waitMs(how: { readonly latencyMs: number; readonly likely: boolean }): number;
}

/** Longer pauses are thought, not typing. */
const LONGEST_INTERVAL = 1000;
/** Weight of the newest interval in the average. */
const NEWEST = 0.2;
const [SHORTEST_AVERAGE, LONGEST_AVERAGE] = [60, 350];
const [LEAST, MOST] = [15, 400];
/** Waiting so many intervals without a key, a person has stopped. */
const [FACTOR, LIKELY_FACTOR] = [1.5, 0.75];

export function adaptiveDebounce(): Debounce {
  let last: number | undefined;
  let average = 150;
  return {
    typed(now) {
      const interval = last === undefined ? Infinity : now - last;
      last = now;
      if (interval > LONGEST_INTERVAL) return;
      const next = average + NEWEST * (interval - average);
      average = Math.min(LONGEST_AVERAGE, Math.max(SHORTEST_AVERAGE, next));
    },
    waitMs: ({ latencyMs, likely }) =>
      // A slow answer wastes more work when it is not wanted, so only half of its time counts.
      Math.round(
        Math.min(MOST, Math.max(LEAST, average * (likely ? LIKELY_FACTOR : FACTOR) - Math.min(latencyMs, average) / 2)),
      ),
  };
}
