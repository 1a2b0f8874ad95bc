import { formatBraces } from './format.ts';
import {
  characters,
  items,
  length,
  SPACE,
  TemplateError,
  tuple,
  typeName,
  type Callable,
  type Kwargs,
  type Value,
} from './values.ts';

const SPACES = new RegExp(`[${SPACE}]+`, 'g');
const LEADING = new RegExp(`^[${SPACE}]+`);
const TRAILING = new RegExp(`[${SPACE}]+$`);
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

/** Python's strip, lstrip and rstrip. chars: a set of characters; null for white space. */
export function strip(text: string, chars: Value = null, left = true, right = true): string {
  if (chars === null) {
    const begun = left ? text.replace(LEADING, '') : text;
    return right ? begun.replace(TRAILING, '') : begun;
  }
  const set = new Set(characters(string(chars)));
  const all = characters(text);
  let [from, to] = [0, all.length];
  while (left && from < to && set.has(all[from]!)) from++;
  while (right && to > from && set.has(all[to - 1]!)) to--;
  return all.slice(from, to).join('');
}

function string(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  throw new TemplateError(`a string is expected, not ${value === undefined ? 'nothing' : typeName(value)}`);
}

function whole(value: Value | undefined, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  throw new TemplateError(`an integer is expected, not ${typeName(value)}`);
}

function split(text: string, separator: Value, most: number): string[] {
  if (separator === null) {
    const parts: string[] = [];
    let rest = text.replace(LEADING, '');
    while (rest !== '') {
      const at = rest.search(new RegExp(`[${SPACE}]`));
      if (at < 0 || (most >= 0 && parts.length === most)) {
        parts.push(at < 0 ? rest : rest.replace(TRAILING, ''));
        break;
      }
      parts.push(rest.slice(0, at));
      rest = rest.slice(at).replace(LEADING, '');
    }
    return parts;
  }
  const by = string(separator);
  if (by === '') throw new TemplateError('empty separator');
  const parts = text.split(by);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(by)];
}

function splitRight(text: string, separator: Value, most: number): string[] {
  if (separator === null) {
    const parts = text.match(new RegExp(`[^${SPACE}]+`, 'g')) ?? [];
    if (most < 0 || parts.length <= most + 1) return parts;
    const tail: string[] = [];
    let rest = text.replace(TRAILING, '');
    while (tail.length < most) {
      const at = Math.max(...Array.from(rest.matchAll(SPACES), (space) => space.index + space[0].length), 0);
      tail.unshift(rest.slice(at));
      rest = rest.slice(0, at).replace(TRAILING, '');
    }
    return [rest.replace(LEADING, ''), ...tail];
  }
  const by = string(separator);
  if (by === '') throw new TemplateError('empty separator');
  const parts = text.split(by);
  if (most < 0 || parts.length <= most + 1) return parts;
  const head = parts.length - most;
  return [parts.slice(0, head).join(by), ...parts.slice(head)];
}

function splitLines(text: string, keepEnds: boolean): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const end of text.matchAll(LINE_END)) {
    const next = end.index + end[0].length;
    lines.push(text.slice(start, keepEnds ? next : end.index));
    start = next;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

function replace(text: string, old: string, by: string, most: number): string {
  if (most < 0) return text.replaceAll(old, () => by);
  const parts = old === '' ? ['', ...characters(text), ''] : text.split(old);
  return parts.map((part, i) => part + (i < parts.length - 1 ? (i < most ? by : old) : '')).join('');
}

export const capitalize = (text: string): string => {
  const [first = '', ...rest] = characters(text);
  return first.toUpperCase() + rest.join('').toLowerCase();
};

const title = (text: string): string =>
  text.replace(/\p{L}+/gu, (word) => {
    const [first = '', ...rest] = characters(word);
    return first.toUpperCase() + rest.join('').toLowerCase();
  });

const swapCase = (text: string): string =>
  characters(text)
    .map((one) => (one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase()))
    .join('');

/** True if any of the texts (one text or a tuple of them) stands at the begin or end. */
function hasEdge(value: Value | undefined, test: (edge: string) => boolean): boolean {
  return Array.isArray(value) ? value.some((one) => test(string(one))) : test(string(value));
}

function partition(text: string, by: string, at: number, missing: [string, string, string]): Value {
  if (by === '') throw new TemplateError('empty separator');
  return at < 0 ? tuple(missing) : tuple([text.slice(0, at), by, text.slice(at + by.length)]);
}

function pad(text: string, width: number, fill: string, side: 'left' | 'right' | 'both'): string {
  const missing = Math.max(0, width - length(text));
  if (side === 'left') return fill.repeat(missing) + text;
  if (side === 'right') return text + fill.repeat(missing);
  // CPython puts the odd one to the left if the width is odd too.
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

function found(at: number, text: string): number {
  return at < 0 ? -1 : length(text.slice(0, at));
}

const cased = (text: string, one: string, other: string) => text === one && text !== other;

const all = (pattern: RegExp) => (text: string) => pattern.test(text);

type Method = (text: string, args: Value[], kwargs: Kwargs) => Value;

const METHODS: Readonly<Record<string, Method>> = {
  capitalize: (text) => capitalize(text),
  casefold: (text) => text.toLowerCase().replaceAll('ß', 'ss'),
  center: (text, [width, fill]) => pad(text, whole(width, 0), string(fill ?? ' '), 'both'),
  count: (text, [part]) => (string(part) === '' ? length(text) + 1 : text.split(string(part)).length - 1),
  endswith: (text, [edge]) => hasEdge(edge, (one) => text.endsWith(one)),
  find: (text, [part]) => found(text.indexOf(string(part)), text),
  format: (text, args, kwargs) => formatBraces(text, args, kwargs),
  index: (text, [part]) => {
    const at = text.indexOf(string(part));
    if (at < 0) throw new TemplateError('substring not found');
    return found(at, text);
  },
  isalnum: all(/^[\p{L}\p{N}]+$/u),
  isalpha: all(/^\p{L}+$/u),

  isascii: all(/^[\x00-\x7f]*$/),
  isdecimal: all(/^\p{Nd}+$/u),
  isdigit: all(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468]+$/u),
  islower: (text) => cased(text, text.toLowerCase(), text.toUpperCase()),
  isnumeric: all(/^\p{N}+$/u),
  isspace: all(new RegExp(`^[${SPACE}]+$`)),
  istitle: (text) => text === title(text) && text !== text.toLowerCase(),
  isupper: (text) => cased(text, text.toUpperCase(), text.toLowerCase()),
  join: (text, [list]) =>
    items(list ?? null)
      .map(string)
      .join(text),
  ljust: (text, [width, fill]) => pad(text, whole(width, 0), string(fill ?? ' '), 'right'),
  lower: (text) => text.toLowerCase(),
  lstrip: (text, [chars]) => strip(text, chars, true, false),
  partition: (text, [by]) => partition(text, string(by), text.indexOf(string(by)), [text, '', '']),
  removeprefix: (text, [edge]) => (text.startsWith(string(edge)) ? text.slice(string(edge).length) : text),
  removesuffix: (text, [edge]) =>
    edge !== '' && text.endsWith(string(edge)) ? text.slice(0, -string(edge).length) : text,
  replace: (text, [old, by, most], kwargs) =>
    replace(text, string(old), string(by), whole(most ?? kwargs.get('count'), -1)),
  rfind: (text, [part]) => found(text.lastIndexOf(string(part)), text),
  rindex: (text, [part]) => {
    const at = text.lastIndexOf(string(part));
    if (at < 0) throw new TemplateError('substring not found');
    return found(at, text);
  },
  rjust: (text, [width, fill]) => pad(text, whole(width, 0), string(fill ?? ' '), 'left'),
  rpartition: (text, [by]) => partition(text, string(by), text.lastIndexOf(string(by)), ['', '', text]),
  rsplit: (text, [by, most], kwargs) =>
    splitRight(text, by ?? kwargs.get('sep') ?? null, whole(most ?? kwargs.get('maxsplit'), -1)),
  rstrip: (text, [chars]) => strip(text, chars, false, true),
  split: (text, [by, most], kwargs) =>
    split(text, by ?? kwargs.get('sep') ?? null, whole(most ?? kwargs.get('maxsplit'), -1)),
  splitlines: (text, [keep], kwargs) => splitLines(text, (keep ?? kwargs.get('keepends')) === true),
  startswith: (text, [edge]) => hasEdge(edge, (one) => text.startsWith(one)),
  strip: (text, [chars]) => strip(text, chars),
  swapcase: (text) => swapCase(text),
  title: (text) => title(text),
  upper: (text) => text.toUpperCase(),
  zfill: (text, [width]) => {
    const sign = /^[+-]/.exec(text)?.[0] ?? '';
    return sign + pad(text.slice(sign.length), whole(width, 0) - sign.length, '0', 'left');
  },
};

/** A method of a Python string; undefined if it has none of that name. */
export function stringMethod(text: string, name: string): Callable | undefined {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  return method && ((args, kwargs) => method(text, args, kwargs));
}
