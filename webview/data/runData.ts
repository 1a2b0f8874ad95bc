import { type Columns, DRAWN, type DrawnMetric, each } from '../../daemon/protocol/metrics.ts';
import { Series } from './series.ts';
import { Smoothed } from './smoothing.ts';

/** The curves of one run. */
export class RunData {
  readonly series: Readonly<Record<DrawnMetric, Series>> = each(DRAWN, () => new Series());
  readonly smoothed: Smoothed;

  constructor(smoothing: number) {
    this.smoothed = new Smoothed(this.series.loss, smoothing);
  }

  /** Adds rows from `start` up to `end`. */
  append(columns: Columns, start: number, end: number): void {
    for (const figure of DRAWN) {
      const series = this.series[figure];
      const values = columns[figure];
      for (let i = start; i < end; i++) {
        const value = values[i];
        if (value === null || value === undefined || !Number.isFinite(value)) continue;
        const step = columns.step[i]!;
        if (figure === 'loss') this.smoothed.rewind(series.firstAt(step));
        series.append(step, value);
      }
    }
    this.smoothed.update();
  }

  /** Removes all points. The curve objects stay the same, because charts hold them. */
  clear(): void {
    for (const figure of DRAWN) this.series[figure].truncate(0);
    this.smoothed.rewind(0);
    this.smoothed.update();
  }

  /** The last step of all curves; 0 for an empty run. */
  get lastStep(): number {
    return DRAWN.reduce((last, figure) => {
      const series = this.series[figure];
      return series.length > 0 ? Math.max(last, series.step(series.length - 1)) : last;
    }, 0);
  }

  get firstStep(): number {
    return DRAWN.reduce((first, figure) => {
      const series = this.series[figure];
      return series.length > 0 ? Math.min(first, series.step(0)) : first;
    }, Infinity);
  }
}
