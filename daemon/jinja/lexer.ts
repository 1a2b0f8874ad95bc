import { SPACE, TemplateError } from './values.ts';

export type TokenKind =
  | 'text' // between tags
  | 'begin' // {% or {{
  | 'end' // %} or }}
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator';

export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  readonly line: number;
}

const RAW = new RegExp(`\\{%[-+]?[${SPACE}]*raw[${SPACE}]*(?:-%\\}[${SPACE}]*|%\\})`, 'y');
const END_RAW = new RegExp(`\\{%([-+]?)[${SPACE}]*endraw[${SPACE}]*(?:\\+%\\}|-%\\}[${SPACE}]*|%\\}\\n?)`, 'g');
const END_COMMENT = new RegExp(`(?:\\+#\\}|-#\\}[${SPACE}]*|#\\}\\n?)`, 'g');
const END_BLOCK = new RegExp(`\\+%\\}|-%\\}[${SPACE}]*|%\\}\\n?`, 'y');
const END_VARIABLE = new RegExp(`-\\}\\}[${SPACE}]*|\\}\\}`, 'y');
const SKIPPED = new RegExp(`[${SPACE}]+`, 'y');
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const INTEGER = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const STRING = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const CLOSES: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The tokens of a template, with the white space rules that transformers sets: trim_blocks and lstrip_blocks. */
export function tokens(template: string): Token[] {
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const found: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStarts = true;
  const count = (text: string) => {
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) line++;
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const fail = (message: string): never => {
    throw new TemplateError(`line ${line}: ${message}`);
  };
  /** The text before a tag, without what the tag's sign or its place at the start of a line takes away. */
  const trimmed = (text: string, sign: string, variable: boolean): string => {
    if (sign === '-') return text.replace(new RegExp(`[${SPACE}]+$`), '');
    if (sign === '+' || variable) return text;
    const start = text.lastIndexOf('\n') + 1;
    const blank = new RegExp(`^[${SPACE}]+$`).test(text.slice(start));
    return blank && (start > 0 || lineStarts) ? text.slice(0, start) : text;
  };
  const pushText = (value: string) => {
    if (value !== '') found.push({ kind: 'text', value, line });
  };

  while (at < source.length) {
    const open = nextTag(source, at);
    if (open < 0) {
      pushText(source.slice(at));
      break;
    }
    const before = source.slice(at, open);
    const tag = source[open + 1]!;
    const sign = source[open + 2] === '-' || source[open + 2] === '+' ? source[open + 2]! : '';
    pushText(trimmed(before, sign, tag === '{'));
    count(before);
    at = open;
    const raw = tag === '%' ? match(RAW) : undefined;
    if (raw !== undefined || tag === '#') {
      const ending = tag === '#' ? END_COMMENT : END_RAW;
      ending.lastIndex = at + (raw?.length ?? 2);
      const inside = ending.lastIndex;
      const end = ending.exec(source);
      if (!end) return fail(tag === '#' ? 'a comment is not closed' : 'a raw block is not closed');
      if (raw !== undefined) {
        lineStarts = raw.endsWith('\n');
        pushText(trimmed(source.slice(inside, end.index), end[1]!, false));
      }
      count(source.slice(at, end.index + end[0].length));
      at = end.index + end[0].length;
      lineStarts = end[0].endsWith('\n');
      continue;
    }
    at += 2 + sign.length;
    found.push({ kind: 'begin', value: tag === '%' ? '{%' : '{{', line });
    const ending = tag === '%' ? END_BLOCK : END_VARIABLE;
    const closers: string[] = [];
    for (;;) {
      if (at >= source.length) return fail('a tag is not closed');
      const end = closers.length === 0 ? match(ending) : undefined;
      if (end !== undefined) {
        found.push({ kind: 'end', value: end.trim(), line });
        count(end);
        at += end.length;
        lineStarts = end.endsWith('\n');
        break;
      }
      const space = match(SKIPPED);
      if (space !== undefined) {
        count(space);
        at += space.length;
        continue;
      }
      const token = expressionToken(match, source[at - 1], line);
      if (!token) return fail(`unexpected ${JSON.stringify(source[at])}`);
      if (token.token.kind === 'operator') {
        const operator = token.token.value;
        if (operator in CLOSES) closers.push(CLOSES[operator]!);
        else if ((operator === ')' || operator === ']' || operator === '}') && closers.pop() !== operator)
          return fail(`unexpected "${operator}"`);
      }
      found.push(token.token);
      count(token.read);
      at += token.read.length;
    }
  }
  return found;
}

function nextTag(source: string, from: number): number {
  for (let at = source.indexOf('{', from); at >= 0; at = source.indexOf('{', at + 1)) {
    const next = source[at + 1];
    if (next === '%' || next === '{' || next === '#') return at;
  }
  return -1;
}

function expressionToken(
  match: (pattern: RegExp) => string | undefined,
  before: string | undefined,
  line: number,
): { token: Token; read: string } | undefined {
  const kinds: [RegExp, TokenKind][] = [
    ...(before === '.' ? [] : ([[FLOAT, 'float']] as [RegExp, TokenKind][])),
    [INTEGER, 'integer'],
    [NAME, 'name'],
    [STRING, 'string'],
    [OPERATOR, 'operator'],
  ];
  for (const [pattern, kind] of kinds) {
    const read = match(pattern);
    if (read === undefined) continue;
    const value = kind === 'string' ? unescaped(read.slice(1, -1)) : read;
    return { token: { kind, value, line }, read };
  }
  return undefined;
}

const SIMPLE: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** The escapes of a Python string literal. An escape that Python does not know stays as it is. */
function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([^]))/g,
    (all, x?: string, u?: string, long?: string, octal?: string, one?: string) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8));
      return SIMPLE[one!] ?? all;
    },
  );
}
