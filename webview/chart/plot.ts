import uPlot from 'uplot';
import { tick } from '../format.ts';
import type { Theme } from '../theme.ts';
import type { Curve } from './curve.ts';
import { drawCurve, drawMarks } from './draw.ts';

export interface PlotOptions {
  readonly theme: Theme;
  readonly curves: readonly Curve[];
  readonly width: number;
  readonly height: number;
  readonly logScale: boolean;
  readonly fromZero: boolean;
  /** Whether noisy curves have two values per pixel now. */
  readonly dense: () => boolean;
  readonly range: () => readonly [number, number];
  /** The step under the pointer; null if the pointer has left. */
  readonly pointed: (step: number | null) => void;
  readonly zoomed: (range: [number, number]) => void;
  readonly reset: () => void;
}

const LEAST_DRAG = 6; // pixels; a shorter drag counts as a click
const MARGIN = 0.06; // of the height, above and below the lines

/** A uPlot drawing of curves. It sets its few styles through the CSSOM, which a strict policy allows. */
export function createPlot(host: HTMLElement, options: PlotOptions): uPlot {
  const { theme, curves } = options;
  const axis: uPlot.Axis = {
    stroke: theme.muted,
    font: theme.font,
    grid: { stroke: theme.grid, width: 1 },
    ticks: { show: false },
    gap: 6,
  };
  return new uPlot(
    {
      width: options.width,
      height: options.height,
      legend: { show: false },
      padding: [10, 24, 0, 0],
      scales: {
        x: { time: false, range: () => [...options.range()] },
        y: {
          // Linear is 1, Logarithmic is 3.
          // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- it is a const enum of the types only
          distr: options.logScale ? 3 : 1,
          range: (_plot, least, greatest) => margins(least, greatest, options),
        },
      },
      axes: [
        {
          ...axis,
          size: 26,
          values: (_plot, steps) => steps.map((step) => (Number.isInteger(step) ? step.toLocaleString('en-US') : '')),
        },
        {
          ...axis,
          size: 58,
          values: (_plot, values) => values.map((value) => (value === null ? '' : tick(value))),
          ...(options.logScale
            ? {
                splits: (_plot, _axis, least, greatest) => logSplits(least, greatest),
                filter: (_plot, splits) => splits,
              }
            : {}),
        },
      ],
      series: [
        {},
        // draw.ts draws the lines; uPlot only computes their scales.
        ...curves.map(({ colour }): uPlot.Series => ({ stroke: colour, paths: () => null, points: { show: false } })),
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: {
          size: 6,
          fill: (_plot, i) => curves[i - 1]?.colour ?? theme.foreground,
          stroke: (_plot, i) => curves[i - 1]?.colour ?? theme.foreground,
          width: 0,
        },
        bind: {
          // A double click shows everything again. uPlot's own handler would change the scale without our state.
          dblclick: () => () => {
            options.reset();
            return null;
          },
        },
      },
      hooks: {
        setCursor: [
          (plot) => {
            const { left } = plot.cursor;
            options.pointed(left === undefined || left === null || left < 0 ? null : plot.posToVal(left, 'x'));
          },
        ],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < LEAST_DRAG) return;
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            options.zoomed([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]);
          },
        ],
        drawSeries: [
          (plot, index) => {
            const curve = curves[index - 1];
            if (curve) drawCurve(plot, index, curve, theme, options.dense());
          },
        ],
        draw: [(plot) => drawMarks(plot, curves, theme)],
      },
    },
    [[], ...curves.map(() => [])],
    host,
  );
}

function margins(least: number | null, greatest: number | null, { logScale, fromZero }: PlotOptions): [number, number] {
  if (least === null || greatest === null || !Number.isFinite(least) || !Number.isFinite(greatest))
    return logScale ? [1, 10] : [0, 1];
  if (logScale) {
    const factor = Math.max(1.02, (greatest / least) ** MARGIN);
    return [least / factor, greatest * factor];
  }
  const margin = MARGIN * (greatest - least) || Math.abs(greatest) * MARGIN || 1;
  return [fromZero && least >= 0 ? 0 : least - margin, greatest + margin];
}

/** Splits for a logarithmic axis: 1, 2, 5 and their decades. Less than a decade gets even splits. */
function logSplits(least: number, greatest: number): number[] {
  if (greatest / least < 8) {
    const rough = (greatest - least) / 5;
    const size = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= rough) ?? rough;
    const first = Math.ceil(least / step);
    return Array.from({ length: Math.floor(greatest / step) - first + 1 }, (_, i) =>
      Number(((first + i) * step).toPrecision(12)),
    );
  }
  const splits: number[] = [];
  const decades = Math.log10(greatest / least);
  for (let decade = Math.floor(Math.log10(least)); 10 ** decade <= greatest; decade++) {
    for (const factor of decades > 4 ? [1] : [1, 2, 5]) {
      const value = Number((factor * 10 ** decade).toPrecision(12));
      if (value >= least && value <= greatest) splits.push(value);
    }
  }
  return splits;
}
