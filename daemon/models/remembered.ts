import { readFileSync } from 'node:fs';
import { writeFileAtomic } from '../formats/atomic.ts';
import { isObject } from '../formats/json.ts';

/** A hash that took long to compute, kept in a file under a key that names what it was computed from. */
export function remembered(file: string, key: string): string | undefined {
  const known = readRemembered(file)[key];
  return typeof known === 'string' && /^[0-9a-f]+$/.test(known) ? known : undefined;
}

/** Keeps what took long to find out, a hash or a measurement. */
export const remember = (file: string, key: string, value: unknown): void =>
  writeFileAtomic(file, JSON.stringify({ ...readRemembered(file), [key]: value }, null, 1));

/** All that a file remembers. A file that is missing or damaged is empty: then the work is done again. */
export function readRemembered(file: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isObject(json) ? json : {};
  } catch {
    return {};
  }
}
