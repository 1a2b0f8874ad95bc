/** Figures as people read them: in the command line, the daemon's messages, the editor and the panel alike. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** Bytes in decimal units: 24.3 kB, 169 MB. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  // 999.5 would be written as 1000.
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/** Seconds in the unit that fits: 250 ms, 1.5 s, 42 s, 12 min, 2 h 5 min, 3 days. */
export function durationText(seconds: number): string {
  if (seconds < 0.9995) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 89.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

/** Four significant digits: 2.416, 1,235, 2.86e-5. */
export function figureText(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2).replace('e+', 'e');
  return size >= 1000 ? wholeText(value) : value.toPrecision(4);
}

/** Rounded: 15,232. */
export const wholeText = (value: number): string => Math.round(value).toLocaleString('en-US');
