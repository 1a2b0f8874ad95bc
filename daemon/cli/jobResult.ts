import { plain } from './output.ts';

/** The result of a job in one line: its figures and paths, with the names that they have in the protocol. */
export function jobResult(result: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(result).filter(
    ([name, value]) => name !== 'event' && (typeof value === 'number' || typeof value === 'string'),
  );
  return shown.map(([name, value]) => `${name} ${textOf(value as number | string)}`).join(', ');
}

const textOf = (value: number | string): string => {
  if (typeof value === 'string') return plain(value);
  return Number.isInteger(value) ? value.toLocaleString('en-US') : value.toPrecision(4);
};
