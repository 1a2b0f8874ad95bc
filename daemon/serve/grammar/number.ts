import { either } from './ebnf.ts';

/** An end of a range of numbers. */
export interface Bound {
  readonly value: number;
  /** The number itself is outside. */
  readonly open: boolean;
}

/** Most digits after the point, and of an integer. */
const [FRACTION, DIGITS] = [15, 16];

/**
 * The numbers between two bounds as they stand in JSON, without exponents; undefined where there are none. Bounds have at most 15 digits
 * before the point.
 */
export function numbersBetween(
  low: Bound | undefined,
  high: Bound | undefined,
  isInteger: boolean,
): string | undefined {
  const parts: string[] = [];
  // Negative numbers are those of the mirrored range, without zero.
  if (low === undefined || low.value < 0) {
    const from = high === undefined || high.value >= 0 ? { value: 0, open: true } : mirrored(high);
    const to = low === undefined ? undefined : mirrored(low);
    const below = positive(from, to, isInteger);
    if (below !== undefined) parts.push(`"-" ${below}`);
  }
  if (high === undefined || high.value >= 0) {
    const from = low === undefined || low.value < 0 ? { value: 0, open: false } : low;
    const above = positive(from, high, isInteger);
    if (above !== undefined) parts.push(above);
  }
  return parts.length === 0 ? undefined : either(parts);
}

const mirrored = ({ value, open }: Bound): Bound => ({ value: -value, open });

/** An end of a range of fractions: digits after the point, without zeros at the end. */
interface End {
  readonly digits: readonly number[];
  readonly open: boolean;
}

function positive(low: Bound, high: Bound | undefined, isInteger: boolean): string | undefined {
  const [from, to] = [parted(low), high === undefined ? undefined : parted(high)];
  if (isInteger) {
    const least = from.whole + (from.end.digits.length > 0 || low.open ? 1n : 0n);
    const most = to && (to.end.digits.length === 0 && high!.open ? to.whole - 1n : to.whole);
    return integers(least, most);
  }
  const parts: string[] = [];
  const add = (whole: bigint, low: End | undefined, high: End | undefined): void => {
    const rest = fractions(low, high);
    const dotted = rest.more.length === 0 ? [] : [`"." ${either(rest.more)}`];
    const all = [...(rest.empty ? ['""'] : []), ...dotted];
    if (all.length > 0) parts.push(`"${whole}" ${either(all)}`);
  };
  const same = from.whole === to?.whole;
  add(from.whole, from.end, same ? to?.end : undefined);
  if (!same && to !== undefined && to.whole > from.whole) add(to.whole, undefined, to.end);
  const inside = integers(from.whole + 1n, to === undefined ? undefined : to.whole - 1n);
  if (inside !== undefined) parts.push(`${inside} ("." [0-9]{1,${FRACTION}})?`);
  return parts.length === 0 ? undefined : either(parts);
}

function parted({ value, open }: Bound): { whole: bigint; end: End } {
  const [whole, fraction = ''] = decimal(value).split('.') as [string, string?];
  return { whole: BigInt(whole), end: { digits: Array.from(fraction, Number), open } };
}

/** A number without an exponent, and without zeros at its end. */
function decimal(value: number): string {
  const text = String(value);
  return /e/i.test(text) ? value.toFixed(20).replace(/\.?0+$/, '') : text;
}

/** The integers from `least` to `most`, or of at most 16 digits. */
function integers(least: bigint, most: bigint | undefined): string | undefined {
  const last = most ?? 10n ** BigInt(DIGITS) - 1n;
  if (least > last) return undefined;
  const parts: string[] = [];
  const [from, to] = [String(least), String(last)];
  for (let size = from.length; size <= to.length; size++) {
    const first = size === from.length ? from : `1${'0'.repeat(size - 1)}`;
    parts.push(sameLength(first, size === to.length ? to : '9'.repeat(size)));
  }
  return either(parts);
}

/** The numbers between two of the same number of digits. */
function sameLength(low: string, high: string): string {
  const size = low.length;
  const [a, b] = [Number(low[0]), Number(high[0])];
  if (size === 1) return `[${a}-${b}]`;
  const [lowest, highest] = ['0'.repeat(size - 1), '9'.repeat(size - 1)];
  const whole = (first: number, last: number): string => `[${first}-${last}] [0-9]{${size - 1}}`;
  if (low.slice(1) === lowest && high.slice(1) === highest) return whole(a, b);
  if (a === b) return `"${a}" ${sameLength(low.slice(1), high.slice(1))}`;
  const parts = [`"${a}" ${sameLength(low.slice(1), highest)}`];
  if (b - a > 1) parts.push(whole(a + 1, b - 1));
  parts.push(`"${b}" ${sameLength(lowest, high.slice(1))}`);
  return either(parts);
}

/** The digits after a point that are between two ends. `empty`: none at all is one of them. */
function fractions(low: End | undefined, high: End | undefined): { empty: boolean; more: string[] } {
  const none = { empty: false, more: [] };
  const lowDone = low !== undefined && low.digits.length === 0;
  const highDone = high !== undefined && high.digits.length === 0;
  if (lowDone && !low.open) return fractions(undefined, high);
  if (highDone) return high.open || low !== undefined ? none : { empty: true, more: [`"0"{1,${FRACTION}}`] };
  if (low === undefined && high === undefined) return { empty: true, more: [`[0-9]{1,${FRACTION}}`] };
  const [a, b] = [low?.digits[0] ?? 0, high?.digits[0] ?? 9];
  const after = (end: End | undefined): End | undefined => end && { ...end, digits: end.digits.slice(1) };
  if (lowDone && high === undefined) return { empty: false, more: [`"0"{0,${FRACTION}} [1-9] [0-9]{0,${FRACTION}}`] };
  const more: string[] = [];
  const step = (digit: number, nextLow: End | undefined, nextHigh: End | undefined): void => {
    const rest = fractions(nextLow, nextHigh);
    const all = [...(rest.empty ? ['""'] : []), ...rest.more];
    if (all.length > 0) more.push(`"${digit}" ${either(all)}`);
  };
  const isLow = (digit: number): boolean => low !== undefined && digit === a;
  const isHigh = (digit: number): boolean => high !== undefined && digit === b;
  for (let digit = a; digit <= b; digit++)
    step(digit, isLow(digit) ? after(low) : undefined, isHigh(digit) ? after(high) : undefined);
  return { empty: low === undefined, more };
}
