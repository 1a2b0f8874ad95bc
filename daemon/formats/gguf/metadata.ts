import { VeraError } from '../../protocol/errors.ts';
import type { GgufHeader, GgufScalar } from './header.ts';

/** Typed look-ups in a header's metadata. Each returns undefined for a missing key and throws for a value of another type. */
export interface Metadata {
  /** The file's name as errors show it. */
  readonly where: string;
  text(key: string): string | undefined;
  flag(key: string): boolean | undefined;
  /** A finite number. */
  number(key: string): number | undefined;
  /** A whole number from `from` to 2^31 - 1; if the file has an array of equal numbers (one per layer), that number. */
  whole(key: string, from?: number): number | undefined;
  texts(key: string): string[] | undefined;
  numbers(key: string): number[] | undefined;
  /** The value of a key that must exist. */
  need<T>(key: string, value: T | undefined): T;
}

/** Wraps the metadata of one file. Errors: VeraError('model') naming file and key. */
export function metadataOf(header: GgufHeader): Metadata {
  const where = header.where;
  const wrong = (key: string, expected: string): VeraError =>
    new VeraError(
      'model',
      `${where}: metadata key ${key} should be ${expected}; the file is damaged or of another kind`,
    );
  const single = (key: string): GgufScalar | undefined => {
    const value = header.metadata.get(key);
    if (Array.isArray(value)) throw wrong(key, 'one value, not an array');
    return value;
  };
  const list = (key: string): GgufScalar[] | undefined => {
    const value = header.metadata.get(key);
    if (value === undefined || Array.isArray(value)) return value;
    throw wrong(key, 'an array');
  };
  const numeric = (value: GgufScalar): number =>
    typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
  const listOf = <T>(
    key: string,
    check: (value: GgufScalar) => value is GgufScalar & T,
    expected: string,
  ): T[] | undefined => {
    const values = list(key);
    if (values !== undefined && !values.every(check)) throw wrong(key, expected);
    return values;
  };

  return {
    where,
    text(key) {
      const value = single(key);
      if (value !== undefined && typeof value !== 'string') throw wrong(key, 'text');
      return value;
    },
    flag(key) {
      const value = single(key);
      if (value !== undefined && typeof value !== 'boolean') throw wrong(key, 'true or false');
      return value;
    },
    number(key) {
      const value = single(key);
      if (value === undefined) return undefined;
      if (!Number.isFinite(numeric(value))) throw wrong(key, 'a finite number');
      return numeric(value);
    },
    whole(key, from = 1) {
      const stored = header.metadata.get(key);
      if (stored === undefined) return undefined;
      const values = Array.isArray(stored) ? stored.map(numeric) : [numeric(stored)];
      const value = values[0];
      if (values.length > 1 && values.some((other) => other !== value)) {
        throw wrong(key, 'the same number for every layer (layers of different shapes are not supported)');
      }
      if (value === undefined || !Number.isInteger(value) || value < from || value > 0x7fffffff)
        throw wrong(key, `a whole number of at least ${from}`);
      return value;
    },
    texts: (key) => listOf(key, (value) => typeof value === 'string', 'an array of texts'),
    numbers: (key) => listOf(key, (value) => typeof value === 'number', 'an array of numbers'),
    need(key, value) {
      if (value === undefined) throw new VeraError('model', `${where}: metadata key ${key} is missing`);
      return value;
    },
  };
}

/** The shortest decimal that is the same float32: 9.999999747378752e-6, as a float32 key stores it, is 1e-5 in config.json. */
export function shortest(value: number): number {
  for (let digits = 1; digits < 10; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === Math.fround(value)) return candidate;
  }
  return value;
}
