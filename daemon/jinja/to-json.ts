import { Float, floatText, str, TemplateError, typeName, type Kwargs, type Value } from './values.ts';

/**
 * The `tojson` that transformers gives to chat templates: Python's `json.dumps` with ensure_ascii false and without the HTML escapes
 * of Jinja's own filter.
 */
export function toJson(value: Value, args: Value[], kwargs: Kwargs): string {
  const [ascii, indent, separators, sorted] = ['ensure_ascii', 'indent', 'separators', 'sort_keys'].map(
    (name, i) => kwargs.get(name) ?? args[i] ?? null,
  ) as [Value, Value, Value, Value];
  const step =
    typeof indent === 'number' ? ' '.repeat(Math.max(0, indent)) : typeof indent === 'string' ? indent : undefined;
  const [item, key] = Array.isArray(separators) ? separators.map(str) : [step === undefined ? ', ' : ',', ': '];
  return dump(value, {
    item: item ?? ', ',
    key: key ?? ': ',
    ascii: ascii === true,
    sorted: sorted === true,
    ...(step === undefined ? {} : { step }),
  });
}

interface Style {
  readonly item: string;
  readonly key: string;
  readonly ascii: boolean;
  readonly sorted: boolean;
  readonly step?: string;
}

function dump(value: Value, style: Style, margin = ''): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted(value, style.ascii);
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Float) return number(value.value);
  if (Array.isArray(value))
    return enclosed(
      '[',
      ']',
      Array.from(value, (item) => (inner: string) => dump(item, style, inner)),
      style,
      margin,
    );
  if (value instanceof Map) {
    const entries = Array.from(value, ([key, item]) => [keyText(key), item] as const);
    if (style.sorted) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return enclosed(
      '{',
      '}',
      entries.map(
        ([key, item]) =>
          (inner: string) =>
            quoted(key, style.ascii) + style.key + dump(item, style, inner),
      ),
      style,
      margin,
    );
  }
  throw new TemplateError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function enclosed(open: string, close: string, parts: ((margin: string) => string)[], style: Style, margin: string) {
  if (parts.length === 0) return open + close;
  if (style.step === undefined) return open + parts.map((part) => part(margin)).join(style.item) + close;
  const inner = margin + style.step;
  return `${open}\n${inner}${parts.map((part) => part(inner)).join(`${style.item}\n${inner}`)}\n${margin}${close}`;
}

function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  if (key instanceof Float) return number(key.value);
  if (typeof key === 'boolean' || typeof key === 'number' || typeof key === 'bigint') return String(key);
  throw new TemplateError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return floatText(value);
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
};

function quoted(text: string, ascii: boolean): string {
  const escaped = text.replace(ascii ? /["\\]|[^ -~]/g : /["\\\x00-\x1f]/g, (one) => {
    return SHORT[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
