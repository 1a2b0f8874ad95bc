/** How many things took how long, in buckets that grow by a fifth: sums of days can be added, and a quantile is right within a tenth. */
export type Latencies = Readonly<Record<string, number>>;

const GROWTH = Math.log(1.2);
const LAST = 72; // about eight minutes: nobody waits longer for ghost text

/** The bucket of a number of milliseconds. */
const bucketOf = (milliseconds: number): number =>
  Math.min(LAST, Math.floor(Math.log(Math.max(1, milliseconds)) / GROWTH));

export const withLatency = (all: Latencies, milliseconds: number): Latencies =>
  added(all, { [bucketOf(milliseconds)]: 1 });

export function added(one: Latencies, two: Latencies): Latencies {
  const sum: Record<string, number> = { ...one };
  for (const [bucket, count] of Object.entries(two)) sum[bucket] = (sum[bucket] ?? 0) + count;
  return sum;
}

/** The milliseconds that the share `quantile` (0 to 1) of all things did not exceed; undefined if there are none. */
export function quantileOf(all: Latencies, quantile: number): number | undefined {
  const buckets = Object.entries(all).map(([bucket, count]) => [Number(bucket), count] as const);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return undefined;
  let before = 0;
  for (const [bucket, count] of buckets.sort(([a], [b]) => a - b)) {
    before += count;
    if (before >= quantile * total) return Math.round(Math.exp((bucket + 0.5) * GROWTH));
  }
  return undefined;
}
