/** How pauses between tries grow. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
  /** Vary each pause by half, so that clients that failed together do not all come back together. */
  readonly spread?: boolean;
}

/** The pause after so many failures in a row, in milliseconds: it doubles with each, up to the longest. */
export function pauseMs(failures: number, { firstMs, longestMs, spread = false }: Backoff): number {
  const pause = Math.min(firstMs * 2 ** Math.max(0, failures - 1), longestMs);
  return spread ? pause * (0.5 + Math.random()) : pause;
}
