import {
  asNumber,
  Float,
  isNumber,
  repr,
  str,
  TemplateError,
  Tuple,
  typeName,
  type Kwargs,
  type Value,
} from './values.ts';

/** Python's `text % values`. */
export function formatPercent(text: string, values: Value): string {
  const list = values instanceof Tuple ? [...values] : [values];
  let next = 0;
  const take = (key: string | undefined): Value => {
    if (key !== undefined) {
      const named = values instanceof Map ? values.get(key) : undefined;
      if (named === undefined) throw new TemplateError(`the format asks for "${key}"`);
      return named;
    }
    const value = list[next++];
    if (value === undefined) throw new TemplateError('not enough arguments for format string');
    return value;
  };
  const made = text.replace(
    /%(?:\((\w+)\))?([-+ 0#]*)(\d*)(?:\.(\d+))?([sdrifFeEgGxXoc%])/g,
    (_all, key: string | undefined, flags: string, width: string, precision: string | undefined, kind: string) => {
      if (kind === '%') return '%';
      const value = take(key);
      let out = convert(value, kind, precision === undefined ? undefined : Number(precision));
      if (flags.includes('+') && !out.startsWith('-') && 'dfFeEgGi'.includes(kind)) out = `+${out}`;
      const size = Number(width || 0);
      if (flags.includes('-')) return out.padEnd(size);
      if (!flags.includes('0') || 'src'.includes(kind)) return out.padStart(size);
      const sign = /^[+-]/.exec(out)?.[0] ?? '';
      return sign + out.slice(sign.length).padStart(size - sign.length, '0');
    },
  );
  if (!(values instanceof Map) && !Array.isArray(values) && next === 0 && list.length > 0)
    throw new TemplateError('not all arguments converted during string formatting');
  if (values instanceof Tuple && next < list.length)
    throw new TemplateError('not all arguments converted during string formatting');
  return made;
}

function convert(value: Value, kind: string, precision: number | undefined): string {
  if (kind === 's' || kind === 'r') {
    const text = kind === 's' ? str(value) : repr(value);
    return precision === undefined ? text : text.slice(0, precision);
  }
  if (kind === 'c' && typeof value === 'string') return value;
  if (!isNumber(value)) throw new TemplateError(`%${kind} format: a number is required, not ${typeName(value)}`);
  return numberText(value, kind, precision);
}

/** A number by a presentation type of Python's format language. */
function numberText(value: number | bigint | Float | boolean, kind: string, precision = 6): string {
  const exact = value instanceof Float ? undefined : BigInt(value);
  switch (kind) {
    case 'd':
    case 'i':
      return String(exact ?? BigInt(Math.trunc(asNumber(value))));
    case 'x':
      return (exact ?? 0n).toString(16);
    case 'X':
      return (exact ?? 0n).toString(16).toUpperCase();
    case 'o':
      return (exact ?? 0n).toString(8);
    case 'b':
      return (exact ?? 0n).toString(2);
    case 'c':
      return String.fromCodePoint(Number(exact ?? 0n));
    case 'e':
    case 'E': {
      const text = asNumber(value)
        .toExponential(precision)
        .replace(/e([+-])(\d)$/, 'e$10$2');
      return kind === 'E' ? text.toUpperCase() : text;
    }
    case '%':
      return `${(asNumber(value) * 100).toFixed(precision)}%`;
    case 'g':
    case 'G':
      return general(asNumber(value), precision || 1);
    default:
      return asNumber(value).toFixed(precision);
  }
}

function general(value: number, precision: number): string {
  if (value === 0) return '0';
  const exponent = Number(value.toExponential(precision - 1).split('e')[1]);
  if (exponent < -4 || exponent >= precision) {
    const [mantissa, power] = value.toExponential(precision - 1).split('e') as [string, string];
    const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
    return `${short}e${power[0]}${power.slice(1).padStart(2, '0')}`;
  }
  const fixed = value.toFixed(precision - 1 - exponent);
  return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
}

/** Python's `text.format(...)`: {}, {0}, {name}, with !r, !s and a format after a colon. */
export function formatBraces(text: string, args: Value[], kwargs: Kwargs): string {
  let next = 0;
  return text.replace(
    /\{\{|\}\}|\{(\w*)(?:!([rs]))?(?::([^{}]*))?\}/g,
    (all, name: string | undefined, conversion: string | undefined, spec: string | undefined) => {
      if (all === '{{') return '{';
      if (all === '}}') return '}';
      const index = name === '' ? next++ : /^\d+$/.test(name!) ? Number(name) : undefined;
      const value = index === undefined ? kwargs.get(name!) : args[index];
      if (value === undefined) throw new TemplateError(`format() has no value for {${name}}`);
      const shown = conversion === 'r' ? repr(value) : conversion === 's' ? str(value) : value;
      return formatted(shown, spec ?? '');
    },
  );
}

function formatted(value: Value, spec: string): string {
  const match = /^(?:(.)?([<>^=]))?([+ -])?(0)?(\d*)(,)?(?:\.(\d+))?([a-zA-Z%])?$/u.exec(spec);
  if (!match) throw new TemplateError(`the format "${spec}" is not known`);
  const [, fill, align, sign, zero, width, commas, precision, kind] = match;
  const digits = precision === undefined ? undefined : Number(precision);
  let text: string;
  if (isNumber(value) && typeof value !== 'boolean' && (kind !== undefined || digits !== undefined || commas)) {
    text = numberText(value, kind ?? (value instanceof Float ? (digits === undefined ? 'f' : 'g') : 'd'), digits);
    if (commas) text = text.replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ','));
  } else {
    text = str(value);
    if (digits !== undefined) text = text.slice(0, digits);
  }
  const number = isNumber(value);
  if (number && sign === '+' && !text.startsWith('-')) text = `+${text}`;
  const size = Number(width || 0);
  const pad = (fill ?? (zero ? '0' : ' ')).repeat(Math.max(0, size - text.length));
  switch (align ?? (number ? '>' : '<')) {
    case '<':
      return text + pad;
    case '^':
      return pad.slice(0, Math.floor(pad.length / 2)) + text + pad.slice(Math.floor(pad.length / 2));
    default:
      return pad + text;
  }
}
