import { formatPercent } from './format.ts';
import {
  asNumber,
  characters,
  compare,
  equal,
  Float,
  integer,
  isNumber,
  items,
  refuseUndefined,
  str,
  TemplateError,
  Tuple,
  tuple,
  typeName,
  type Value,
} from './values.ts';

/** Longer texts and lists are not made by `*`, so that a template cannot fill the memory in one step. */
const MAX_REPEATED = 10_000_000;

type Numeric = number | bigint | Float | boolean;

/** The binary operators of Jinja with Python's meaning. */
export function binary(sign: string, a: Value, b: Value): Value {
  if (sign === '+' && typeof a === 'string' && typeof b === 'string') return a + b;
  refuseUndefined(a);
  if (!(sign === '%' && typeof a === 'string')) refuseUndefined(b);
  if (isNumber(a) && isNumber(b)) return numeric(sign, a, b);
  if (sign === '+') {
    if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple)
      return a instanceof Tuple ? tuple([...a, ...b]) : [...a, ...b];
    if (typeof a === 'string') throw new TemplateError(`can only concatenate str (not "${typeName(b)}") to str`);
  }
  if (sign === '*') {
    if (typeof b === 'number' || typeof b === 'boolean') return repeated(a, Number(b));
    if (typeof a === 'number' || typeof a === 'boolean') return repeated(b, Number(a));
  }
  if (sign === '%' && typeof a === 'string') return formatPercent(a, b);
  throw unsupported(sign, a, b);
}

const unsupported = (sign: string, a: Value, b: Value): TemplateError =>
  new TemplateError(`unsupported operand type(s) for ${sign}: '${typeName(a)}' and '${typeName(b)}'`);

function repeated(value: Value, times: number): Value {
  const count = Math.max(0, times);
  if (typeof value === 'string') {
    if (value.length * count > MAX_REPEATED) throw new TemplateError('the template repeats a text too often');
    return value.repeat(count);
  }
  if (!Array.isArray(value)) throw unsupported('*', value, times);
  if (value.length * count > MAX_REPEATED) throw new TemplateError('the template repeats a list too often');
  const all: Value[] = [];
  for (let i = 0; i < count; i++) all.push(...value);
  return value instanceof Tuple ? tuple(all) : all;
}

function numeric(sign: string, a: Numeric, b: Numeric): Value {
  if (a instanceof Float || b instanceof Float || sign === '/') return real(sign, asNumber(a), asNumber(b));
  if (sign === '**' && Number(b) < 0) return real(sign, Number(a), Number(b));
  if (sign === '**' && Math.abs(Number(b)) > 10_000) throw new TemplateError('the exponent is too large');
  return whole(sign, BigInt(a), BigInt(b));
}

function real(sign: string, a: number, b: number): Float {
  if (b === 0 && (sign === '/' || sign === '//' || sign === '%')) throw new TemplateError('division by zero');
  switch (sign) {
    case '+':
      return new Float(a + b);
    case '-':
      return new Float(a - b);
    case '*':
      return new Float(a * b);
    case '/':
      return new Float(a / b);
    case '//':
      return new Float(Math.floor(a / b));
    case '%':
      return new Float(a - b * Math.floor(a / b));
    default:
      return new Float(a ** b);
  }
}

function whole(sign: string, a: bigint, b: bigint): number | bigint {
  switch (sign) {
    case '+':
      return integer(a + b);
    case '-':
      return integer(a - b);
    case '*':
      return integer(a * b);
    case '**':
      return integer(a ** b);
    default: {
      if (b === 0n) throw new TemplateError('integer division or modulo by zero');
      // Python rounds towards minus infinity, JavaScript towards zero.
      const remainder = ((a % b) + b) % b;
      return integer(sign === '%' ? remainder : (a - remainder) / b);
    }
  }
}

export function negative(value: Value): Value {
  refuseUndefined(value);
  if (!isNumber(value)) throw new TemplateError(`bad operand type for unary -: '${typeName(value)}'`);
  return value instanceof Float ? new Float(-value.value) : integer(-BigInt(value));
}

/** `item in value`. */
export function contains(value: Value, item: Value): boolean {
  if (typeof value === 'string') {
    if (typeof item === 'string') return value.includes(item);
    throw new TemplateError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (value instanceof Map) return value.has(item);
  return items(value).some((one) => equal(one, item));
}

export function compared(sign: string, a: Value, b: Value): boolean {
  switch (sign) {
    case '==':
      return equal(a, b);
    case '!=':
      return !equal(a, b);
    case '<':
      return compare(a, b, sign) < 0;
    case '<=':
      return compare(a, b, sign) <= 0;
    case '>':
      return compare(a, b, sign) > 0;
    case '>=':
      return compare(a, b, sign) >= 0;
    case 'in':
      return contains(b, a);
    default:
      return !contains(b, a);
  }
}

/** `value[from:to:step]`; null where nothing is written. */
export function slice(value: Value, from: Value, to: Value, step: Value): Value {
  const all = typeof value === 'string' ? characters(value) : value;
  if (!Array.isArray(all)) {
    refuseUndefined(value);
    throw new TemplateError(`'${typeName(value)}' object cannot be sliced`);
  }
  const size = all.length;
  const stride = step === null ? 1 : bound(step);
  if (stride === 0) throw new TemplateError('slice step cannot be zero');
  const clip = (at: number, low: number, high: number) => Math.min(high, Math.max(low, at < 0 ? at + size : at));
  const [low, high] = stride > 0 ? [0, size] : [-1, size - 1];
  const start = from === null ? (stride > 0 ? low : high) : clip(bound(from), low, high);
  const end = to === null ? (stride > 0 ? high : low) : clip(bound(to), low, high);
  const picked: Value[] = [];
  for (let i = start; stride > 0 ? i < end : i > end; i += stride) picked.push(all[i]!);
  if (typeof value === 'string') return picked.map(str).join('');
  return value instanceof Tuple ? tuple(picked) : picked;
}

function bound(value: Value): number {
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  refuseUndefined(value);
  throw new TemplateError('slice indices must be integers or None');
}
