import type { Series } from '../data/series.ts';

/** One line of a chart, and one column of its table. */
export interface Curve {
  /** 'A held-out' */
  readonly label: string;
  readonly series: Series;
  /** Goes up and down from step to step. */
  readonly noisy?: boolean;
  readonly colour: string;
  /** Pixels. */
  readonly width: number;
  readonly dash?: readonly number[];
  /** Drawn with a dot at each point, where they are few. */
  readonly dots?: boolean;
  /** Of 1; what is noise behind another line is drawn weak. */
  readonly strength?: number;
  /** Letter at its end, so that colour is not all that tells lines apart. */
  readonly mark?: string;
}
