import type { Series } from '../data/series.ts';

/** One line of a chart, and one column of its table. */
export interface Curve {
  /** 'A held-out' */
  readonly label: string;
  readonly series: Series;
  /** Whether it goes up and down from step to step. */
  readonly noisy?: boolean;
  readonly colour: string;
  /** Width in pixels. */
  readonly width: number;
  readonly dash?: readonly number[];
  /** Whether each point is drawn as a dot, if there are few. */
  readonly dots?: boolean;
  /** Opacity, 0 to 1. Noise behind another line is drawn faintly. */
  readonly strength?: number;
  /** Letter at its end, so that lines differ not only in colour. */
  readonly mark?: string;
}
