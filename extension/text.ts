/** Numbers and durations in the form that people read. Pure. */

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

/** A time of day, with the day if that is not today: '14:05', '27 Nov, 14:05'. */
export function clockText(time: number, now: number): string {
  const [then, today] = [new Date(time), new Date(now)];
  const clock = then.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (then.toDateString() === today.toDateString()) return clock;
  const year = then.getFullYear() === today.getFullYear() ? {} : { year: 'numeric' as const };
  return `${then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year })}, ${clock}`;
}
