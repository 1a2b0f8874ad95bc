import { binary, compared, contains } from './arithmetic.ts';
import { equal, Float, isNumber, truth, Undefined, type Value } from './values.ts';

export type Test = (value: Value, args: Value[]) => boolean;

const compares =
  (sign: string): Test =>
  (value, [other = null]) =>
    compared(sign, value, other);

const isInteger = (value: Value) => typeof value === 'number' || typeof value === 'bigint';
const isIterable = (value: Value) =>
  typeof value === 'string' || Array.isArray(value) || value instanceof Map || value instanceof Undefined;

/** The tests of Jinja, after `is`. */
export const tests: Readonly<Record<string, Test>> = {
  boolean: (value) => typeof value === 'boolean',
  callable: (value) => typeof value === 'function',
  defined: (value) => !(value instanceof Undefined),
  divisibleby: (value, [by = null]) => !truth(binary('%', value, by)),
  escaped: () => false,
  even: (value) => equal(binary('%', value, 2), 0),
  false: (value) => value === false,
  float: (value) => value instanceof Float,
  in: (value, [list = null]) => contains(list, value),
  integer: isInteger,
  iterable: isIterable,
  lower: (value) => typeof value === 'string' && value === value.toLowerCase() && value !== value.toUpperCase(),
  mapping: (value) => value instanceof Map,
  none: (value) => value === null,
  number: isNumber,
  odd: (value) => equal(binary('%', value, 2), 1),
  sameas: (value, [other = null]) => value === other,
  sequence: isIterable,
  string: (value) => typeof value === 'string',
  true: (value) => value === true,
  undefined: (value) => value instanceof Undefined,
  upper: (value) => typeof value === 'string' && value === value.toUpperCase() && value !== value.toLowerCase(),
  eq: compares('=='),
  equalto: compares('=='),
  '==': compares('=='),
  ne: compares('!='),
  '!=': compares('!='),
  lt: compares('<'),
  lessthan: compares('<'),
  '<': compares('<'),
  le: compares('<='),
  '<=': compares('<='),
  gt: compares('>'),
  greaterthan: compares('>'),
  '>': compares('>'),
  ge: compares('>='),
  '>=': compares('>='),
};
