/** Figures in the form that people read, also unknown ones. */
import { bytesText, durationText, figureText, wholeText } from '../daemon/protocol/text.ts';

const NONE = '–';

type Known = number | null | undefined;
const isKnown = (value: Known): value is number => value !== null && value !== undefined && Number.isFinite(value);

/** A figure, amount or duration; '–' if it is unknown. */
export const figure = (value: Known): string => (isKnown(value) ? figureText(value) : NONE);
export const whole = (value: Known): string => (isKnown(value) ? wholeText(value) : NONE);
export const bytes = (value: Known): string => (isKnown(value) ? bytesText(value) : NONE);
export const duration = (seconds: Known): string => (isKnown(seconds) ? durationText(seconds) : NONE);

/** The same without zeros at the end, for an axis. */
export function tick(value: Known): string {
  const text = figure(value);
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text.replace(/\.?0+e/, 'e');
}

/** 41×; 1.7× */
export function times(ratio: number): string {
  if (!Number.isFinite(ratio)) return NONE;
  return `${ratio >= 9.95 ? Math.round(ratio).toLocaleString('en-US') : ratio.toPrecision(2)}×`;
}
