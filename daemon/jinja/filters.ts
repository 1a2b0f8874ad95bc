import { binary } from './arithmetic.ts';
import { attribute, item } from './attributes.ts';
import { formatPercent } from './format.ts';
import { capitalize, strip } from './strings.ts';
import { tests } from './tests.ts';
import { toJson } from './to-json.ts';
import {
  asNumber,
  characters,
  compare,
  equal,
  Float,
  integer,
  isNumber,
  items,
  length,
  refuseUndefined,
  repr,
  str,
  TemplateError,
  truth,
  tuple,
  typeName,
  Undefined,
  type Kwargs,
  type Value,
} from './values.ts';

export type Filter = (value: Value, args: Value[], kwargs: Kwargs) => Value;

/** An argument by its name or place. */
function given(args: Value[], kwargs: Kwargs, at: number, name: string, otherwise: Value): Value {
  const value = kwargs.get(name) ?? args[at];
  return value === undefined ? (kwargs.has(name) ? null : otherwise) : value;
}

function count(value: Value): number {
  if (typeof value === 'number') return value;
  throw new TemplateError(`an integer is expected, not ${typeName(value)}`);
}

/** An attribute by a dotted path, as map, sort and select take it. Numbers are indices. */
function path(value: Value, name: Value, otherwise?: Value): Value {
  let found = value;
  const parts = typeof name === 'string' ? name.split('.') : [name];
  for (const part of parts) {
    found = item(found, typeof part === 'string' && /^\d+$/.test(part) ? Number(part) : part);
    if (found instanceof Undefined && otherwise !== undefined) return otherwise;
  }
  return found;
}

/** Strings compare without case unless they should not. */
const folded = (value: Value, exact: boolean): Value =>
  typeof value === 'string' && !exact ? value.toLowerCase() : value;

function sorted(values: Value[], key: (value: Value) => Value, reverse: boolean): Value[] {
  const keyed = values.map((value) => ({ value, key: key(value) }));
  keyed.sort((a, b) => (reverse ? compare(b.key, a.key) : compare(a.key, b.key)));
  return keyed.map(({ value }) => value);
}

const sort: Filter = (value, args, kwargs) => {
  const reverse = truth(given(args, kwargs, 0, 'reverse', false));
  const exact = truth(given(args, kwargs, 1, 'case_sensitive', false));
  const name = given(args, kwargs, 2, 'attribute', null);
  const names = typeof name === 'string' ? name.split(',') : [name];
  const key = (one: Value) =>
    name === null ? folded(one, exact) : names.map((part) => folded(path(one, part), exact));
  return sorted(items(value), key, reverse);
};

const dictsort: Filter = (value, args, kwargs) => {
  if (!(value instanceof Map)) throw new TemplateError(`dictsort needs a dict, not ${typeName(value)}`);
  const exact = truth(given(args, kwargs, 0, 'case_sensitive', false));
  const by = given(args, kwargs, 1, 'by', 'key') === 'value' ? 1 : 0;
  const reverse = truth(given(args, kwargs, 2, 'reverse', false));
  const entries = Array.from(value, tuple);
  return sorted(entries, (entry) => folded((entry as Value[])[by]!, exact), reverse);
};

/** select and reject, by a test on each item or on one of its attributes. */
function selecting(wanted: boolean, byAttribute: boolean): Filter {
  return (value, args) => {
    const [name, test, ...rest] = byAttribute ? args : [null, ...args];
    if (test !== undefined && !(typeof test === 'string' && Object.hasOwn(tests, test)))
      throw new TemplateError(`no test named ${repr(test)}`);
    const judge = typeof test === 'string' ? tests[test]! : truth;
    return items(value).filter((one) => judge(byAttribute ? path(one, name ?? null) : one, rest) === wanted);
  };
}

const map: Filter = (value, args, kwargs) => {
  const list = items(value);
  const name = kwargs.get('attribute');
  if (name !== undefined) return list.map((one) => path(one, name, kwargs.get('default')));
  const [filter, ...rest] = args;
  const apply = typeof filter === 'string' && Object.hasOwn(filters, filter) ? filters[filter] : undefined;
  if (!apply) throw new TemplateError(`no filter named ${repr(filter ?? null)}`);
  return list.map((one) => apply(one, rest, kwargs));
};

const join: Filter = (value, args, kwargs) => {
  const name = given(args, kwargs, 1, 'attribute', null);
  const by = str(given(args, kwargs, 0, 'd', ''));
  return items(value)
    .map((one) => str(name === null ? one : path(one, name)))
    .join(by);
};

const indent: Filter = (value, args, kwargs) => {
  const width = given(args, kwargs, 0, 'width', 4);
  const margin = typeof width === 'string' ? width : ' '.repeat(count(width));
  const first = truth(given(args, kwargs, 1, 'first', false));
  const blank = truth(given(args, kwargs, 2, 'blank', false));
  const text = `${str(value)}\n`;
  const lines = text.split('\n').slice(0, -1);
  const body = lines.map((line, i) => (i > 0 && (blank || line !== '') ? margin + line : line)).join('\n');
  return first ? margin + body : body;
};

const extreme =
  (sign: 1 | -1): Filter =>
  (value, args, kwargs) => {
    const exact = truth(given(args, kwargs, 0, 'case_sensitive', false));
    const name = given(args, kwargs, 1, 'attribute', null);
    const key = (one: Value) => folded(name === null ? one : path(one, name), exact);
    const list = items(value);
    if (list.length === 0) return new Undefined('No aggregated item, sequence was empty.');
    return list.reduce((best, one) => (compare(key(one), key(best)) * sign < 0 ? one : best));
  };

const unique: Filter = (value, args, kwargs) => {
  const exact = truth(given(args, kwargs, 0, 'case_sensitive', false));
  const name = given(args, kwargs, 1, 'attribute', null);
  const seen: Value[] = [];
  return items(value).filter((one) => {
    const key = folded(name === null ? one : path(one, name), exact);
    const fresh = !seen.some((other) => equal(other, key));
    if (fresh) seen.push(key);
    return fresh;
  });
};

const groupby: Filter = (value, args, kwargs) => {
  const name = given(args, kwargs, 0, 'attribute', null);
  const otherwise = given(args, kwargs, 1, 'default', new Undefined('no default'));
  const key = (one: Value) => path(one, name, otherwise instanceof Undefined ? undefined : otherwise);
  const groups: Value[][] = [];
  for (const one of sorted(items(value), (each) => folded(key(each), false), false)) {
    const last = groups.at(-1);
    if (last && equal(folded(last[0]!, false), folded(key(one), false))) (last[1] as Value[]).push(one);
    else groups.push(tuple([key(one), [one]]));
  }
  return groups;
};

const batch: Filter = (value, args, kwargs) => {
  const size = count(given(args, kwargs, 0, 'linecount', null));
  const fill = given(args, kwargs, 1, 'fill_with', null);
  const rows: Value[][] = [];
  for (const one of items(value)) {
    if (rows.length === 0 || rows.at(-1)!.length === size) rows.push([]);
    rows.at(-1)!.push(one);
  }
  if (fill !== null) while (rows.length > 0 && rows.at(-1)!.length < size) rows.at(-1)!.push(fill);
  return rows;
};

const sliced: Filter = (value, args, kwargs) => {
  const parts = count(given(args, kwargs, 0, 'slices', null));
  const fill = given(args, kwargs, 1, 'fill_with', null);
  const list = items(value);
  const [size, more] = [Math.floor(list.length / parts), list.length % parts];
  return Array.from({ length: parts }, (_, n) => {
    const start = n * size + Math.min(n, more);
    const part = list.slice(start, start + size + (n < more ? 1 : 0));
    return fill !== null && more > 0 && n >= more ? [...part, fill] : part;
  });
};

const round: Filter = (value, args, kwargs) => {
  refuseUndefined(value);
  if (!isNumber(value)) throw new TemplateError(`type ${typeName(value)} doesn't define round`);
  const digits = count(given(args, kwargs, 0, 'precision', 0));
  const method = given(args, kwargs, 1, 'method', 'common');
  const number = asNumber(value);
  if (method === 'common') {
    if (!(value instanceof Float)) return integer(BigInt(value));
    return new Float(digits < 0 ? Math.round(number * 10 ** digits) / 10 ** digits : toEven(number, digits));
  }
  const scaled = number * 10 ** digits;
  return new Float((method === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled)) / 10 ** digits);
};

/** Python rounds a tie to the even digit. toFixed rounds the exact value, and a tie away from zero. */
function toEven(value: number, digits: number): number {
  const scaled = value * 10 ** digits;
  const below = Math.floor(scaled);
  if (scaled - below === 0.5 && (below / 10 ** digits) * 10 ** digits === below)
    return (below % 2 === 0 ? below : below + 1) / 10 ** digits;
  return Number(value.toFixed(digits));
}

const truncate: Filter = (value, args, kwargs) => {
  const size = count(given(args, kwargs, 0, 'length', 255));
  const whole = truth(given(args, kwargs, 1, 'killwords', false));
  const end = str(given(args, kwargs, 2, 'end', '...'));
  const leeway = count(given(args, kwargs, 3, 'leeway', null) ?? 5);
  const text = characters(str(value));
  if (text.length <= size + leeway) return text.join('');
  const kept = text.slice(0, Math.max(0, size - length(end))).join('');
  if (whole) return kept + end;
  const space = kept.lastIndexOf(' ');
  return (space < 0 ? kept : kept.slice(0, space)) + end;
};

const toInteger: Filter = (value, args, kwargs) => {
  const otherwise = given(args, kwargs, 0, 'default', 0);
  const base = count(given(args, kwargs, 1, 'base', 10));
  if (isNumber(value)) return integer(value instanceof Float ? BigInt(Math.trunc(value.value)) : BigInt(value));
  const text = typeof value === 'string' ? strip(value).replaceAll('_', '') : '';
  if (base !== 10) return Number.isNaN(parseInt(text, base)) ? otherwise : parseInt(text, base);
  if (/^[+-]?\d+$/.test(text)) return integer(BigInt(text.replace(/^\+/, '')));
  return text !== '' && Number.isFinite(Number(text)) ? Math.trunc(Number(text)) : otherwise;
};

const toFloat: Filter = (value, args, kwargs) => {
  if (isNumber(value)) return new Float(asNumber(value));
  const text = typeof value === 'string' ? strip(value) : '';
  const otherwise = given(args, kwargs, 0, 'default', new Float(0));
  return text === '' || Number.isNaN(Number(text)) ? otherwise : new Float(Number(text));
};

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };
const escape: Filter = (value) => str(value).replace(/[&<>'"]/g, (one) => HTML[one]!);

const otherwise: Filter = (value, args, kwargs) => {
  const absent = value instanceof Undefined || (truth(given(args, kwargs, 1, 'boolean', false)) && !truth(value));
  return absent ? given(args, kwargs, 0, 'default_value', '') : value;
};

const first: Filter = (value) => items(value)[0] ?? (items(value).length > 0 ? null : noItem());
const last: Filter = (value) => items(value).at(-1) ?? (items(value).length > 0 ? null : noItem());
const noItem = () => new Undefined('the sequence was empty.');

const reverse: Filter = (value) =>
  typeof value === 'string' ? characters(value).reverse().join('') : [...items(value)].reverse();

const replaced: Filter = (value, [old = null, by = null, most], kwargs) => {
  const limit = most ?? kwargs.get('count') ?? null;
  const text = str(value);
  if (limit === null) return text.replaceAll(str(old), () => str(by));
  const parts = text.split(str(old));
  const head = parts.slice(0, count(limit) + 1).join(str(by));
  return [head, ...parts.slice(count(limit) + 1)].join(str(old));
};

const sum: Filter = (value, args, kwargs) => {
  const name = given(args, kwargs, 0, 'attribute', null);
  const start = given(args, kwargs, 1, 'start', 0);
  return items(value).reduce((total, one) => binary('+', total, name === null ? one : path(one, name)), start);
};

const absolute: Filter = (value) => {
  if (!isNumber(value)) throw new TemplateError(`bad operand type for abs(): '${typeName(value)}'`);
  if (value instanceof Float) return new Float(Math.abs(value.value));
  return integer(BigInt(value) < 0n ? -BigInt(value) : BigInt(value));
};

const center: Filter = (value, args, kwargs) => {
  const text = str(value);
  const width = count(given(args, kwargs, 0, 'width', 80));
  const missing = Math.max(0, width - length(text));
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return ' '.repeat(left) + text + ' '.repeat(missing - left);
};

const title: Filter = (value) =>
  str(value)
    .split(/([-\s({[<]+)/)
    .map(capitalize)
    .join('');

const striptags: Filter = (value) =>
  str(value)
    .replace(/<!--.*?-->/gs, '')
    .replace(/<.*?>/g, '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ');

const pairs: Filter = (value) => {
  if (value instanceof Undefined) return [];
  if (!(value instanceof Map)) throw new TemplateError('Can only get item pairs from a mapping.');
  return Array.from(value, tuple);
};

/** The filters of Jinja, with transformers' `tojson`. Those that make web pages are left out. */
export const filters: Readonly<Record<string, Filter>> = {
  abs: absolute,
  attr: (value, [name = null]) => attribute(value, str(name)),
  batch,
  capitalize: (value) => capitalize(str(value)),
  center,
  count: length,
  d: otherwise,
  default: otherwise,
  dictsort,
  e: escape,
  escape,
  first,
  float: toFloat,
  format: (value, args, kwargs) => formatPercent(str(value), kwargs.size > 0 ? new Map(kwargs) : tuple(args)),
  groupby,
  indent,
  int: toInteger,
  items: pairs,
  join,
  last,
  length,
  list: (value) => Array.from(items(value)),
  lower: (value) => str(value).toLowerCase(),
  map,
  max: extreme(-1),
  min: extreme(1),
  reject: selecting(false, false),
  rejectattr: selecting(false, true),
  replace: replaced,
  reverse,
  round,
  safe: (value) => str(value),
  select: selecting(true, false),
  selectattr: selecting(true, true),
  slice: sliced,
  sort,
  string: (value) => str(value),
  striptags,
  sum,
  title,
  tojson: toJson,
  trim: (value, args, kwargs) => strip(str(value), given(args, kwargs, 0, 'chars', null)),
  truncate,
  unique,
  upper: (value) => str(value).toUpperCase(),
  wordcount: (value) => str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
};
