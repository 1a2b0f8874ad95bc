/**
 * Draws the lines of a chart on uPlot's canvas. A browser without a graphics processor draws on the main thread, so drawing
 * must be cheap: bars for noise, no round joins, few dots.
 */
import type uPlot from 'uplot';
import type { Series } from '../data/series.ts';
import type { Theme } from '../theme.ts';
import type { Curve } from './curve.ts';

const DOT = 2.5; // pixels, half its width
/** Up to so many points are drawn as dots. More would overlap, and circles are slow to draw. */
const MOST_DOTS = 60;

/** dense: whether a noisy curve has two values per pixel. */
export function drawCurve(plot: uPlot, index: number, curve: Curve, theme: Theme, dense: boolean): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.globalAlpha = curve.strength ?? 1;
  ctx.beginPath();
  ctx.rect(bbox.left - 4, bbox.top, bbox.width + 8, bbox.height);
  ctx.clip();
  if (dense && curve.noisy === true) drawBars(plot, index, curve);
  else drawLine(plot, index, curve, theme);
  ctx.restore();
}

function drawLine(plot: uPlot, index: number, { colour, width, dash, dots }: Curve, { background }: Theme): void {
  const { ctx, data } = plot;
  const ratio = devicePixelRatio;
  const values = data[index] ?? [];
  const points: [x: number, y: number][] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== null && value !== undefined)
      points.push([plot.valToPos(data[0][i]!, 'x', true), plot.valToPos(value, 'y', true)]);
  }
  ctx.strokeStyle = colour;
  ctx.lineWidth = width * ratio;
  ctx.lineJoin = 'bevel';
  ctx.setLineDash((dash ?? []).map((length) => length * ratio));
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.stroke();
  if (dots !== true || points.length > MOST_DOTS) return;
  ctx.setLineDash([]);
  ctx.fillStyle = background;
  for (const [x, y] of points) {
    ctx.beginPath();
    ctx.arc(x, y, DOT * ratio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  }
}

/** Draws a noisy curve as one bar per pixel, from its least to its greatest value there, joined to the bar before it. */
function drawBars(plot: uPlot, index: number, { colour }: Curve): void {
  const { ctx, bbox, data } = plot;
  const values = data[index] ?? [];
  const wide = (2 * bbox.width) / values.length;
  const size = Math.max(1, Math.round(devicePixelRatio));
  let [above, below] = [NaN, NaN];
  ctx.fillStyle = colour;
  for (let i = 0; i < values.length; i += 2) {
    const [first, second] = [values[i], values[i + 1]];
    if (first === null || first === undefined) continue;
    const a = Math.round(plot.valToPos(first, 'y', true));
    const b = second === null || second === undefined ? a : Math.round(plot.valToPos(second, 'y', true));
    let [top, bottom] = [Math.min(a, b), Math.max(a, b)];
    if (top > below) top = below;
    if (bottom < above) bottom = above;
    ctx.fillRect(
      Math.round(bbox.left + (i / 2) * wide),
      top,
      Math.max(size, Math.round(wide)),
      Math.max(size, bottom - top),
    );
    [above, below] = [Math.min(a, b), Math.max(a, b)];
  }
}

/** Draws letters where lines end. Letters that would overlap are moved apart. */
export function drawMarks(plot: uPlot, curves: readonly Curve[], theme: Theme): void {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const marks = curves.flatMap((curve) => {
    const end = curve.mark === undefined ? undefined : endOf(plot, curve.series);
    return end ? [{ ...end, curve }] : [];
  });
  ctx.save();
  ctx.font = theme.font.replace(/^\d+px/, `bold ${Math.round(11 * ratio)}px`);
  ctx.textBaseline = 'middle';
  const height = 12 * ratio;
  marks.sort((a, b) => a.y - b.y);
  // Going down, each letter makes room for the one above it. Going up again, it stays within the axis.
  let free = -Infinity;
  for (const mark of marks) free = (mark.y = Math.max(mark.y, free)) + height;
  free = plot.bbox.top + plot.bbox.height - height / 3;
  for (const mark of marks.toReversed()) free = (mark.y = Math.min(mark.y, free)) - height;
  for (const { x, y, curve } of marks) {
    ctx.fillStyle = curve.colour;
    ctx.fillText(curve.mark ?? '', x + 6 * ratio, y);
  }
  ctx.restore();
}

function endOf(plot: uPlot, series: Series): { x: number; y: number } | undefined {
  const { min = 0, max = 0 } = plot.scales['x'] ?? {};
  const last = series.firstAt((max ?? 0) + 1) - 1;
  if (last < 0 || series.step(last) < (min ?? 0)) return undefined;
  return { x: plot.valToPos(series.step(last), 'x', true), y: plot.valToPos(series.value(last), 'y', true) };
}
