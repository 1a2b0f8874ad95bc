import { readFileSync } from 'node:fs';
import { writeFileAtomic } from '../formats/atomic.ts';
import { isObject } from '../formats/json.ts';

/** A hash that took long to compute, kept in a file under a key that names what it was computed from. */
export function remembered(file: string, key: string): string | undefined {
  const known = read(file)[key];
  return typeof known === 'string' && /^[0-9a-f]+$/.test(known) ? known : undefined;
}

export const remember = (file: string, key: string, hash: string): void =>
  writeFileAtomic(file, JSON.stringify({ ...read(file), [key]: hash }, null, 1));

/** A file that is missing or damaged is empty: then the work is done again. */
function read(file: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isObject(json) ? json : {};
  } catch {
    return {};
  }
}
