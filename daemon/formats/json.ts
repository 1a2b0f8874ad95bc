import { VeraError } from '../protocol/errors.ts';
import { quote } from './quote.ts';

const MAX_DEPTH = 64; // no format read here nests deeper than 10; 100 MB of '[' would take gigabytes once parsed (CWE-674)
const MAX_CONTAINERS = 4_000_000; // objects and arrays: a real header of 100 MB has fewer, '{},{},...' has 33 million (CWE-770)

/**
 * Parses JSON from a file that we did not write. Duplicate keys, deep nesting and very many objects are refused.
 * `where` begins the message of every error, for example a quoted file name. Throws VeraError 'format'.
 */
export function parseJson(text: string, where: string): unknown {
  refuseAbuse(text, where);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new VeraError('format', `${where}: not valid JSON: ${quote((error as Error).message)}`, { cause: error });
  }
}

/** Like parseJson, for a text that must be an object. */
export function parseJsonObject(text: string, where: string): Record<string, unknown> {
  const value = parseJson(text, where);
  if (!isObject(value)) throw new VeraError('format', `${where}: expected a JSON object`);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Checks the text before it is parsed, because JSON.parse silently keeps the last of two equal keys and has no limits. */
function refuseAbuse(text: string, where: string): void {
  const open: (Set<string> | undefined)[] = []; // the keys seen in each open object; undefined for an array
  let containers = 0;
  let keyNext = false;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const start = i++;
        while (i < text.length && text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1;
        if (!keyNext) break;
        const key = unescape(text.slice(start + 1, i));
        const keys = open.at(-1);
        if (keys?.has(key))
          throw new VeraError('format', `${where}: the key ${quote(key)} appears twice in one object`);
        keys?.add(key);
        break;
      }
      case 0x7b: // {
      case 0x5b: // [
        keyNext = text.charCodeAt(i) === 0x7b;
        open.push(keyNext ? new Set() : undefined);
        if (open.length > MAX_DEPTH)
          throw new VeraError('format', `${where}: JSON nested deeper than ${MAX_DEPTH} levels`);
        if (++containers > MAX_CONTAINERS)
          throw new VeraError('format', `${where}: more than ${MAX_CONTAINERS} JSON objects and arrays`);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        keyNext = false;
        break;
      case 0x2c: // ,
        keyNext = open.at(-1) !== undefined;
        break;
      case 0x3a: // :
        keyNext = false;
        break;
    }
  }
}

function unescape(key: string): string {
  if (!key.includes('\\')) return key;
  try {
    return JSON.parse(`"${key}"`) as string;
  } catch {
    return key; // this is not valid JSON, and the parser's message is better
  }
}
