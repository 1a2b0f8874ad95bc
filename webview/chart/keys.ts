import type { Series } from '../data/series.ts';

export const KEYS_HELP =
  'Left and right arrow move by a point, Page Up and Page Down by a tenth, Home and End to the edges. Plus and minus zoom, 0 or Escape shows everything.';

export interface Move {
  readonly step?: number;
  readonly zoom?: [number, number] | null;
}

const LEAST_SPAN = 4; // steps that stay visible at the highest zoom

/** The effect of a key on a chart; undefined for a key without one. */
export function moveBy(
  { key, shiftKey }: Pick<KeyboardEvent, 'key' | 'shiftKey'>,
  curves: readonly Series[],
  [from, edge]: readonly [number, number],
  cursor: number | null,
): Move | undefined {
  // A chart reaches to the planned end of a run: beyond the last point there is nothing to read.
  const last = Math.max(...curves.map((curve) => (curve.length === 0 ? from : curve.step(curve.length - 1))));
  const to = Number.isFinite(last) ? Math.min(edge, Math.max(from, last)) : edge;
  const at = Math.min(to, Math.max(from, cursor ?? to));
  const tenth = Math.max(1, Math.round((to - from) / 10));
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowRight': {
      const forward = key === 'ArrowRight';
      if (shiftKey) return { step: clamp(at + (forward ? tenth : -tenth), from, to) };
      // At the first press, the cursor appears at the first point.
      return { step: cursor === null ? (forward ? from : to) : (neighbour(curves, at, forward, from, to) ?? at) };
    }
    case 'PageUp':
      return { step: clamp(at + tenth, from, to) };
    case 'PageDown':
      return { step: clamp(at - tenth, from, to) };
    case 'Home':
      return { step: from };
    case 'End':
      return { step: to };
    case '+':
    case '=':
    case '-': {
      const span = Math.max(LEAST_SPAN, (edge - from) * (key === '-' ? 2 : 0.5));
      const start = at - (span * (at - from)) / (edge - from || 1);
      return { zoom: [start, start + span], step: at };
    }
    case '0':
    case 'Escape':
      return { zoom: null };
    default:
      return undefined;
  }
}

const clamp = (step: number, from: number, to: number): number => Math.round(Math.min(to, Math.max(from, step)));

/** The closest point of any curve before or after a step. If points are dense, it is at least a hundredth of the range away. */
function neighbour(
  curves: readonly Series[],
  at: number,
  forward: boolean,
  from: number,
  to: number,
): number | undefined {
  const least = Math.max(0, (to - from) / 400 - 1);
  const found = curves.flatMap((curve) => {
    const index = forward ? curve.firstAt(Math.floor(at + least) + 1) : curve.firstAt(Math.ceil(at - least)) - 1;
    if (index < 0 || index >= curve.length) return [];
    const step = curve.step(index);
    return step >= from && step <= to ? [step] : [];
  });
  return found.length === 0 ? undefined : forward ? Math.min(...found) : Math.max(...found);
}
