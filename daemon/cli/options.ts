import { InvalidArgumentError } from 'commander';

/**
 * Parsers of option values that are not settings, for commander's `.option(flags, description, PARSER, default)`. Their errors name
 * the flag: `option '--rank <n>' argument '-1' is invalid: it must be a whole number from 1 to 2147483647`.
 */

/** A larger size fits neither a typed array nor an ONNX dimension. */
const MAX_SIZE = 2 ** 31 - 1;
const MAX_SEED = 2 ** 32 - 1; // MT19937 and the samplers are seeded with 32 bits
const MAX_LIST = 100;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function between(text: string, least: number, most: number, what: string): number {
  const value = NUMBER.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) throw new InvalidArgumentError(`it must be ${what}`);
  return value;
}

function whole(text: string, least: number, most: number): number {
  const what = `a whole number from ${least} to ${most}`;
  const value = between(text, least, most, what);
  if (!Number.isInteger(value)) throw new InvalidArgumentError(`it must be ${what}`);
  return value;
}

/** A size or a count of at least one. */
export const positiveInteger = (text: string): number => whole(text, 1, MAX_SIZE);

/** A count that may be zero. */
export const nonNegativeInteger = (text: string): number => whole(text, 0, MAX_SIZE);

/** A whole number of a range that may be below zero: priorities. */
export const integer =
  (least: number, most: number) =>
  (text: string): number =>
    whole(text, least, most);

/** A seed: 32 bits. */
export const seed = (text: string): number => whole(text, 0, MAX_SEED);

/** From 0 to 1, both allowed: top-p. */
export const probability = (text: string): number => between(text, 0, 1, 'a number from 0 to 1');

/** Above zero. */
export const positiveNumber = (text: string): number =>
  between(text, Number.MIN_VALUE, Number.MAX_VALUE, 'a number above 0');

/** Zero or above: temperature. */
export const nonNegativeNumber = (text: string): number => between(text, 0, Number.MAX_VALUE, 'a number of at least 0');

/** Sizes separated by commas: `1,8,16`. */
export function positiveIntegers(text: string): number[] {
  const parts = text.split(',');
  if (parts.length > MAX_LIST) throw new InvalidArgumentError(`it must be a list of at most ${MAX_LIST} numbers`);
  return parts.map((part) => positiveInteger(part.trim()));
}
