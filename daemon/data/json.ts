/** How the text of a JSON object or list spells what JavaScript's own values lose. */
interface Spelling {
  /** The keys in the text's order, if JavaScript orders them otherwise: keys such as "2024" would come first. */
  keys?: readonly string[];
  /** The digits of numbers that JavaScript prints otherwise, by key or index: 1.0, 1e-07, 12345678901234567890. */
  numbers?: Map<string, string>;
}

const spellings = new WeakMap<object, Spelling>();

/** What a text must have for its spelling to matter. It may match inside a string too, which costs only time. */
const LOSES = /[:,[]\s*-?(?:\d+(?:\.\d+)?[eE]|\d+\.\d*0(?!\d)|\d{16}|0(?![\d.]))|"(?:0|[1-9]\d{0,9})"\s*:/;

/**
 * JSON.parse, which also remembers what templates print as Python reads it: the order of keys and the digits of numbers. The value
 * is the same as that of JSON.parse; `keysOf` and `digitsOf` give the rest. Throws as JSON.parse does.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (LOSES.test(text)) remember(text, value);
  return value;
}

/** The value of JSON text, undefined if it is not JSON; other values as they are. */
export function parsedText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return parseJson(value);
  } catch {
    return undefined;
  }
}

const texts = new WeakMap<object, string>();

/** parseJson for JSON text inside a value, such as the arguments of a tool call; `textOf` gives the text again. */
export function parseJsonText(text: string): unknown {
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null) texts.set(value, text);
  return value;
}

/** The text that `parseJsonText` read this value from. */
export const textOf = (value: object): string | undefined => texts.get(value);

/** The keys of an object from `parseJson` in the order of its text. */
export function keysOf(object: object): readonly string[] {
  return spellings.get(object)?.keys ?? Object.keys(object);
}

/** The digits of a number in an object or list from `parseJson`, if JavaScript prints the number otherwise. */
export function digitsOf(parent: object, key: string | number): string | undefined {
  return spellings.get(parent)?.numbers?.get(String(key));
}

const TOKEN = /[\s,:]*(?:([{}[\]])|("[^"\\]*(?:\\.[^"\\]*)*")|([^\s,:{}[\]"]+))/gy;

interface Level {
  readonly value: object;
  readonly list: boolean;
  /** Keys that were read; for a list, how many items began. */
  readonly keys: Set<string>;
  count: number;
  /** The key that the next value belongs to. */
  key: string | undefined;
}

/** Walks along a text that JSON.parse accepted, with the value that it gave. */
function remember(text: string, root: unknown): void {
  const levels: Level[] = [];
  const child = (level: Level): unknown => (level.value as Record<string, unknown>)[level.key!];
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token; token = TOKEN.exec(text)) {
    const [, bracket, string, literal] = token;
    const level = levels.at(-1);
    if (bracket === '}' || bracket === ']') {
      levels.pop();
      if (level && !level.list && [...level.keys].some((key) => /^\d+$/.test(key)))
        spellingOf(level.value).keys = [...level.keys];
      continue;
    }
    if (level && !level.list && level.key === undefined) {
      level.key = JSON.parse(string!) as string;
      level.keys.add(level.key);
      continue;
    }
    if (level?.list) level.key = String(level.count++);
    const value = level ? child(level) : root;
    // Of two equal keys, JSON.parse keeps the last value. The first may be of another kind; then there is nothing to remember.
    if (bracket !== undefined) {
      const same = typeof value === 'object' && value !== null && Array.isArray(value) === (bracket === '[');
      levels.push({ value: same ? value : {}, list: bracket === '[', keys: new Set(), count: 0, key: undefined });
    } else if (literal !== undefined && level && /^-?\d/.test(literal)) {
      if (String(Number(literal)) !== literal) (spellingOf(level.value).numbers ??= new Map()).set(level.key!, literal);
      else spellings.get(level.value)?.numbers?.delete(level.key!);
    }
    if (level) level.key = undefined;
  }
}

function spellingOf(value: object): Spelling {
  let spelling = spellings.get(value);
  if (!spelling) spellings.set(value, (spelling = {}));
  return spelling;
}
