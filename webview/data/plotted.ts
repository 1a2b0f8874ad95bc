import type { Series } from './series.ts';

/** Curves on one axis of steps, in the form of uPlot: null where a curve has no point. */
export interface Plotted {
  readonly data: [steps: number[], ...values: (number | null)[][]];
  /** Two places per pixel: the least and the greatest value of a noisy curve, the last value of another. */
  readonly dense: boolean;
}

/** A curve, and whether its peaks matter. A smooth curve is drawn with fewer points. */
export interface Source {
  readonly series: Series;
  readonly noisy?: boolean;
}

/**
 * The points of curves that are drawn between two steps in `width` pixels. Few points are drawn as they are. Of many, each
 * pixel of a noisy curve gets the least and the greatest, in their order, so that no peak is lost.
 */
export function plotted(sources: readonly Source[], [from, to]: readonly [number, number], width: number): Plotted {
  const parts = sources.map(({ series: curve, noisy = false }) => ({
    ...{ curve, noisy, start: curve.firstAt(from), end: curve.firstAt(nextAfter(to)) },
  }));
  const most = parts.reduce((sum, { start, end }) => Math.max(sum, end - start), 0);
  return most <= 2 * width ? asTheyAre(parts) : byPixel(parts, from, to, Math.max(1, Math.floor(width)));
}

interface Part {
  readonly curve: Series;
  readonly noisy: boolean;
  /** Number of points in the range. */
  readonly start: number;
  readonly end: number;
}

/** Steps are whole. */
const nextAfter = (step: number): number => Math.floor(step) + 1;

function asTheyAre(parts: readonly Part[]): Plotted {
  // Include one point beyond either edge, so that lines reach the edge.
  const wide = parts.map(({ curve, start, end }) => ({
    ...{ curve, start: Math.max(0, start - 1), end: Math.min(curve.length, end + 1) },
  }));
  const all = new Float64Array(wide.reduce((sum, { start, end }) => sum + end - start, 0));
  let filled = 0;
  for (const { curve, start, end } of wide) for (let i = start; i < end; i++) all[filled++] = curve.step(i);
  all.sort();
  const steps = [...all].filter((step, i) => i === 0 || step !== all[i - 1]);
  const values = wide.map(({ curve, start, end }) => {
    let next = start;
    return steps.map((step) => (next < end && curve.step(next) === step ? curve.value(next++) : null));
  });
  return { data: [steps, ...values], dense: false };
}

function byPixel(parts: readonly Part[], from: number, to: number, width: number): Plotted {
  const wide = (to - from) / width;
  const steps: number[] = [];
  for (let pixel = 0; pixel < width; pixel++) {
    steps.push(from + (pixel + 0.25) * wide, from + (pixel + 0.75) * wide);
  }
  const values = parts.map(({ curve, noisy, start, end }) => {
    const line = new Array<number | null>(2 * width).fill(null);
    let first = start;
    for (let pixel = 0; pixel < width && first < end; pixel++) {
      const next = pixel === width - 1 ? end : Math.min(end, curve.firstAt(from + (pixel + 1) * wide));
      // A smooth curve only needs every other pixel, and its end.
      if (next > first && !noisy) {
        if (pixel % 2 === 0 || next === end) line[2 * pixel] = curve.value(next - 1);
      } else if (next > first) {
        const [least, greatest] = curve.range(first, next);
        const falls = curve.value(first) > curve.value(next - 1);
        line[2 * pixel] = falls ? greatest : least;
        if (next > first + 1) line[2 * pixel + 1] = falls ? least : greatest;
      }
      first = next;
    }
    return line;
  });
  return { data: [steps, ...values], dense: true };
}
