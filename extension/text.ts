/** Numbers and durations in the form that people read. Pure. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(2)} ${UNITS[unit]}`;
}

/** '8 s', '4 min', '1 h 20 min', '3 days'. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

export const countText = (value: number): string => value.toLocaleString('en-US');
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;
export const lossText = (loss: number): string => loss.toFixed(loss < 10 ? 3 : 1);
export const percentText = (fraction: number): string => `${Math.floor(100 * Math.min(1, Math.max(0, fraction)))}%`;

/** 1200000000 -> '1.2 B parameters'. */
export function parametersText(count: number): string {
  for (const [size, letter] of [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (count >= size) return `${(count / size).toPrecision(count / size >= 100 ? 3 : 2)} ${letter} parameters`;
  }
  return `${count} parameters`;
}

/** Last part of a path or hub id. */
export const lastPart = (path: string): string =>
  path
    .split(/[\\/]/)
    .filter((part) => part !== '')
    .at(-1) ?? path;

/** Text from the catalog for one line of a view, without characters that a line cannot show. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
