import { either, inClass, literal, NOT_RAW, RAW, restOfString, type Rules } from './ebnf.ts';

/** A regular expression that cannot be written as a grammar. The message says which part. */
export class UnknownPattern extends Error {}

/** Most repetitions that are counted. Each costs time when the grammar is prepared. */
const MOST = 256;

/** The JSON strings, with their quotes, in which a regular expression of JavaScript (flag u) finds something. Throws UnknownPattern. */
export function matching(rules: Rules, pattern: string): string {
  const reader = new Reader(pattern);
  const parts = reader.alternatives().map(({ start, end, body }) => {
    // Outside its anchors a pattern allows any text.
    const before = start ? '' : `${RAW}* `;
    return `${before}${body} ${end ? '"\\""' : restOfString(rules)}`;
  });
  return `"\\"" ${either(parts)}`;
}

const SPACES = ['" "', '"\\\\n"', '"\\\\t"'];
const CLASSES: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  d: [[48, 57]],
  w: [[48, 57], [65, 90], [95, 95], [97, 122]], // prettier-ignore
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };

/** A character of a text as it stands in a JSON string. */
const inString = (code: number): string => literal(JSON.stringify(String.fromCodePoint(code)).slice(1, -1));

class Reader {
  readonly #pattern: string[];
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = Array.from(pattern);
  }

  alternatives(): { start: boolean; end: boolean; body: string }[] {
    const parts = [];
    do {
      const start = this.#take('^');
      const body = this.#sequence();
      const end = this.#take('$');
      parts.push({ start, end, body });
    } while (this.#take('|'));
    if (this.#at < this.#pattern.length) throw this.#unknown();
    return parts;
  }

  get #next(): string | undefined {
    return this.#pattern[this.#at];
  }

  #take(text: string): boolean {
    const found = this.#pattern.slice(this.#at, this.#at + text.length).join('') === text;
    if (found) this.#at += text.length;
    return found;
  }

  #unknown(): UnknownPattern {
    const rest = this.#pattern.slice(this.#at, this.#at + 10).join('');
    return new UnknownPattern(`at ${JSON.stringify(rest)}`);
  }

  #sequence(): string {
    const parts: string[] = [];
    while (this.#next !== undefined && !'|)$'.includes(this.#next)) parts.push(this.#quantified());
    return parts.length === 0 ? '""' : parts.join(' ');
  }

  #quantified(): string {
    const atom = this.#atom();
    const from = this.#at;
    const counts = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.#pattern.slice(from, from + 20).join(''));
    if (counts === null) return atom;
    this.#at += counts[0].length;
    const [, sign, least, comma, most] = counts;
    if (sign !== undefined) return `${atom}${sign}`;
    if (Number(least) > MOST || Number(most ?? 0) > MOST) {
      this.#at = from;
      throw this.#unknown();
    }
    return `${atom}{${least}${comma ?? ''}${most ?? ''}}`;
  }

  #atom(): string {
    const from = this.#at;
    const char = this.#pattern[this.#at++]!;
    if (char === '(') return this.#group();
    if (char === '[') return this.#class();
    if (char === '.') return `(${RAW} | "\\\\\\"" | "\\\\\\\\")`;
    if (char === '\\') return this.#escape();
    if ('^*+?{}'.includes(char)) {
      this.#at = from;
      throw this.#unknown();
    }
    return inString(char.codePointAt(0)!);
  }

  #group(): string {
    this.#at--;
    if (!this.#take('(?:')) {
      if (this.#pattern[this.#at + 1] === '?') throw this.#unknown();
      this.#at++;
    }
    const parts = [];
    do parts.push(this.#sequence());
    while (this.#take('|'));
    if (!this.#take(')')) throw this.#unknown();
    return `(${parts.join(' | ')})`;
  }

  /** After a backslash. */
  #escape(): string {
    const char = this.#next;
    if (char === 's') {
      this.#at++;
      return either(SPACES);
    }
    if (char === 'S' || char === 'D' || char === 'W') {
      this.#at++;
      return char === 'S' ? '[!\\u0023-\\u005b\\u005d-\\u007e]' : negated(CLASSES[char.toLowerCase()]!);
    }
    const ranges = this.#escaped();
    return positive(ranges);
  }

  /** A set of characters after a backslash. */
  #escaped(): readonly (readonly [number, number])[] {
    const char = this.#pattern[this.#at++];
    const known = char === undefined ? undefined : CLASSES[char];
    if (known !== undefined) return known;
    const code = this.#code(char);
    return [[code, code]];
  }

  #code(char: string | undefined): number {
    const rest = this.#pattern.slice(this.#at, this.#at + 10).join('');
    const hex =
      char === 'x'
        ? /^([0-9a-f]{2})/i.exec(rest)
        : char === 'u'
          ? /^(?:([0-9a-f]{4})|\{([0-9a-f]{1,6})\})/i.exec(rest)
          : null;
    if (hex !== null) {
      this.#at += hex[0].length;
      const code = Number.parseInt((hex[1] ?? hex[2])!, 16);
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw this.#unknown();
      return code;
    }
    if (char !== undefined && CONTROLS[char] !== undefined) return CONTROLS[char];
    if (char === undefined || /[A-Za-z0-9]/.test(char)) {
      this.#at -= 2;
      throw this.#unknown();
    }
    return char.codePointAt(0)!;
  }

  #class(): string {
    const not = this.#take('^');
    const ranges: (readonly [number, number])[] = [];
    let spaces = false;
    while (!this.#take(']')) {
      if (this.#next === undefined) throw this.#unknown();
      if (this.#take('\\s')) {
        spaces = true;
        continue;
      }
      const set = this.#classMember();
      const isOne = set.length === 1 && set[0]![0] === set[0]![1];
      if (isOne && this.#next === '-' && this.#pattern[this.#at + 1] !== ']') {
        this.#at++;
        const last = this.#classMember();
        ranges.push([set[0]![0], last[0]![1]]);
      } else ranges.push(...set);
    }
    if (!not) return spaces ? either([...SPACES, ...(ranges.length > 0 ? [positive(ranges)] : [])]) : positive(ranges);
    // Spaces of other scripts cannot be left out one by one.
    if (spaces || ranges.some(([, last]) => last > 0x7f))
      return positive(
        asciiWithout([
          ...ranges,
          ...(spaces
            ? ([
                [9, 13],
                [32, 32],
              ] as const)
            : []),
        ]),
      );
    return negated(ranges);
  }

  #classMember(): readonly (readonly [number, number])[] {
    const char = this.#pattern[this.#at++]!;
    if (char === '\\') return this.#escaped();
    return [[char.codePointAt(0)!, char.codePointAt(0)!]];
  }
}

/** Any of some characters, as they stand in JSON strings. */
function positive(ranges: readonly (readonly [number, number])[]): string {
  const parts: string[] = [];
  const raw: string[] = [];
  for (const [first, last] of ranges) {
    for (let code = first; code <= Math.min(last, 0x1f); code++) parts.push(inString(code));
    for (const code of [0x22, 0x5c]) if (first <= code && code <= last) parts.push(inString(code));
    for (const [from, to] of [
      [0x20, 0x21],
      [0x23, 0x5b],
      [0x5d, 0x7e],
    ] as const) {
      const [a, b] = [Math.max(first, from), Math.min(last, to)];
      if (a <= b) raw.push(a === b ? inClass(a) : `${inClass(a)}-${inClass(b)}`);
    }
    // Ranges of other scripts are written out.
    if (last - Math.max(first, 0x80) > MOST) throw new UnknownPattern(`at a range of more than ${MOST} characters`);
    for (let code = Math.max(first, 0x80); code <= last; code++) parts.push(inString(code));
  }
  if (raw.length > 0) parts.push(`[${raw.join('')}]`);
  if (parts.length === 0) throw new UnknownPattern('an empty class of characters');
  return either(parts);
}

/** Any character that can stand in a JSON string as it is, but these of ASCII. */
const negated = (ranges: readonly (readonly [number, number])[]): string =>
  `[^${NOT_RAW}${ranges.map(([first, last]) => (first === last ? inClass(first) : `${inClass(first)}-${inClass(last)}`)).join('')}]`;

function asciiWithout(ranges: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const left = Array.from({ length: 0x5f }, (_, i) => i + 0x20).filter(
    (code) => !ranges.some(([first, last]) => first <= code && code <= last),
  );
  return left.map((code) => [code, code] as const);
}
