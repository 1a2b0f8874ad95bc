/**
 * The values of a template, as Python has them: None is null, an int is a number (a bigint beyond the safe integers), a float is a
 * Float, because 1.0 prints as "1.0"; a dict is a Map, because it keeps the order of every key.
 */
export type Value =
  null | boolean | number | bigint | string | Float | Undefined | Value[] | Dict | Namespace | Attributes | Callable;

export type Dict = Map<Value, Value>;
export type Kwargs = ReadonlyMap<string, Value>;
/** A macro, a method or a global function. */
export type Callable = (args: Value[], kwargs: Kwargs) => Value;

/** What a template does wrong, in Python's words where they help. */
export class TemplateError extends Error {}

export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A variable or field that does not exist. It prints as nothing; most other uses of it are errors. */
export class Undefined {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export class Tuple extends Array<Value> {}

/** `namespace()`: its attributes can be assigned from inner scopes. */
export class Namespace {
  readonly fields: Map<string, Value>;
  constructor(fields: Map<string, Value>) {
    this.fields = fields;
  }
}

/** An object of the engine with attributes to read, such as `loop`. */
export abstract class Attributes {
  abstract attribute(name: string): Value | undefined;
  /** What a call of the object gives, if it can be called. */
  call?: Callable;
}

export const tuple = (items: Iterable<Value>): Tuple => {
  const made = new Tuple();
  for (const item of items) made.push(item);
  return made;
};

/** Name of a value's type in Python. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (value instanceof Float) return 'float';
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Tuple) return 'tuple';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map) return 'dict';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
    case 'bigint':
      return 'int';
    case 'string':
      return 'str';
    default:
      return typeof value === 'function' ? 'function' : 'object';
  }
}

export function truth(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === 'object') {
    if (value instanceof Float) return value.value !== 0;
    if (Array.isArray(value)) return value.length > 0;
    return value instanceof Map ? value.size > 0 : true;
  }
  return typeof value === 'function' ? true : Boolean(value);
}

/** The characters that Python's `str.isspace` names, for use in a character class. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** `repr` of a float: the shortest digits, with an exponent below 1e-4 and from 1e16 on. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** `str(value)`: what `{{ value }}` prints. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Undefined) return '';
  return repr(value);
}

export function repr(value: Value): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Tuple)
    return value.length === 1 ? `(${repr(value[0]!)},)` : `(${Array.from(value, repr).join(', ')})`;
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (value instanceof Map) return `{${Array.from(value, ([key, item]) => `${repr(key)}: ${repr(item)}`).join(', ')}}`;
  return typeof value === 'function' ? '<function>' : '<object>';
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** Python's repr of a string: single quotes unless the text has some and no double ones. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\p{C}\p{Z}]/gu, (one) => {
    if (one === ' ') return one;
    const known = ESCAPES[one];
    if (known !== undefined) return known;
    const code = one.codePointAt(0)!;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x1_0000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

export const isNumber = (value: Value): value is number | bigint | Float | boolean =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' || value instanceof Float;

/** An int from a bigint, in the form that values have. */
export const integer = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

export const asNumber = (value: number | bigint | Float | boolean): number =>
  value instanceof Float ? value.value : Number(value);

export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) {
    if (a instanceof Float || b instanceof Float) return asNumber(a) === asNumber(b);
    return BigInt(a) === BigInt(b);
  }
  if (a instanceof Undefined && b instanceof Undefined) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return (
      a instanceof Tuple === b instanceof Tuple && a.length === b.length && a.every((item, i) => equal(item, b[i]!))
    );
  }
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return false;
    for (const [key, item] of a) if (!b.has(key) || !equal(item, b.get(key)!)) return false;
    return true;
  }
  return false;
}

/** Below 0 if a < b, 0 if equal. Throws for types that Python does not order. `sign` names the operator in the error. */
export function compare(a: Value, b: Value, sign = '<'): number {
  if (isNumber(a) && isNumber(b)) {
    if (typeof a === 'bigint' || typeof b === 'bigint') {
      if (!(a instanceof Float) && !(b instanceof Float)) {
        const [left, right] = [BigInt(a), BigInt(b)];
        return left < right ? -1 : left > right ? 1 : 0;
      }
    }
    return asNumber(a) - asNumber(b);
  }
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      if (!equal(a[i]!, b[i]!)) return compare(a[i]!, b[i]!, sign);
    }
    return a.length - b.length;
  }
  refuseUndefined(a);
  refuseUndefined(b);
  throw new TemplateError(`'${sign}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** By code points, as Python orders; UTF-16 differs beyond U+FFFF. */
function compareText(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === a.length || i === b.length) return a.length - b.length;
  return (a.codePointAt(i) ?? 0) - (b.codePointAt(i) ?? 0);
}

export function refuseUndefined(value: Value): void {
  if (value instanceof Undefined) throw new TemplateError(value.message);
}

/** The characters of a text. */
export const characters = (text: string): string[] =>
  /[\ud800-\udfff]/.test(text) ? Array.from(text) : text.split('');

/** The items of a value in a `for`. A dict gives its keys. */
export function items(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return [...value.keys()];
  if (typeof value === 'string') return characters(value);
  if (value instanceof Undefined) return [];
  throw new TemplateError(`'${typeName(value)}' object is not iterable`);
}

export function length(value: Value): number {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (typeof value === 'string') return /[\ud800-\udfff]/.test(value) ? Array.from(value).length : value.length;
  if (value instanceof Undefined) return 0;
  throw new TemplateError(`object of type '${typeName(value)}' has no len()`);
}
