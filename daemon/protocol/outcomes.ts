/** Seconds after an acceptance at which it is measured how much of the accepted text is still there. */
export const KEPT_AFTER = [30, 120, 600] as const;

/**
 * What became of an inline completion. open: it is shown, or it is not yet known. accepted: all of it came in, the end of it by an
 * acceptance. partly: words or lines of it were accepted. typed: the person typed all of it by hand. rejected: the person typed
 * something else. ignored: it went away, and nothing says more.
 */
export const OUTCOMES = ['open', 'accepted', 'partly', 'typed', 'rejected', 'ignored'] as const;
export type Outcome = (typeof OUTCOMES)[number];
