/** Pieces of grammars in the notation that xgrammar reads (github.com/mlc-ai/xgrammar, a kind of EBNF). */

/** Rules of one grammar, by name. */
export interface Rules {
  /** Adds a rule unless there is one of that name. -> the name. */
  define(name: string, body: () => string): string;
  /** A name that no rule has. */
  fresh(): string;
  text(): string;
}

export function openRules(): Rules {
  const rules = new Map<string, string>();
  let names = 0;
  return {
    define(name, body) {
      if (rules.has(name)) return name;
      rules.set(name, ''); // it may refer to itself
      rules.set(name, body());
      return name;
    },
    fresh: () => `r${names++}`,
    text: () => Array.from(rules, ([name, body]) => `${name} ::= ${body}\n`).join(''),
  };
}

/** A text as it is. */
export const literal = (text: string): string =>
  `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}"`;

export const either = (parts: readonly string[]): string => (parts.length === 1 ? parts[0]! : `(${parts.join(' | ')})`);

/** An ASCII character in a class of characters. */
export const inClass = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;

/** What a class of characters must leave out, because it cannot stand in a JSON string as it is. */
export const NOT_RAW = '"\\\\\\u007f\\u0000-\\u001f';
/** A character of a JSON string that is not escaped. */
export const RAW = `[^${NOT_RAW}]`;

/** Space between parts of JSON: none, a space, or a new line with its indent. A model cannot fill its answer with it. */
export const space = (rules: Rules): string => rules.define('ws', () => '"" | " " | "\\n" [ \\t]{0,20}');

const escaped = (rules: Rules): string =>
  rules.define('esc', () => {
    const hex = '[0-9a-fA-F]';
    const pair = `"u" [dD] [89abAB] ${hex}{2} "\\\\u" [dD] [c-fC-F] ${hex}{2}`;
    return `"\\\\" (["\\\\/bfnrt] | "u" [0-9a-cefA-CEF] ${hex}{3} | "u" [dD] [0-7] ${hex}{2} | ${pair})`;
  });

/** A character of a JSON string. */
export const character = (rules: Rules): string => rules.define('chr', () => `${RAW} | ${escaped(rules)}`);

/** The rest of a JSON string after any character, with its closing quote. most: characters; left out, any number. */
export function restOfString(rules: Rules, most?: number): string {
  const next = (rest: string): string => `"\\"" | ${RAW} ${rest} | ${escaped(rules)} ${rest}`;
  if (most === undefined) return rules.define('str', () => next('str'));
  rules.define('str0', () => '"\\""');
  for (let n = 1; n <= most; n++) rules.define(`str${n}`, () => next(`str${n - 1}`));
  return `str${most}`;
}

/** Any JSON value. */
export const anyValue = (rules: Rules): string =>
  rules.define('val', () => {
    const ws = space(rules);
    const text = `"\\"" ${restOfString(rules)}`;
    rules.define('obj', () => {
      const pair = `${text} ${ws} ":" ${ws} val ${ws}`;
      return `"{" ${ws} (${pair} ("," ${ws} ${pair})*)? "}"`;
    });
    rules.define('arr', () => `"[" ${ws} (val ${ws} ("," ${ws} val ${ws})*)? "]"`);
    return `obj | arr | ${text} | ${anyNumber(rules)} | "true" | "false" | "null"`;
  });

/** At most 16 digits before and after the point: more would not be kept. */
export const anyInteger = (rules: Rules): string => rules.define('int', () => '"0" | "-"? [1-9] [0-9]{0,15}');
export const anyNumber = (rules: Rules): string =>
  rules.define('num', () => '"-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})?');
