import { describe } from '../formats/fields.ts';
import { parseJson } from '../json.ts';
import { BadRow, type Row } from '../row.ts';

/** Levels of nesting. Deeper JSON is refused: no dataset needs it, and templates are recursive. */
export const MAX_JSON_DEPTH = 64;

/** The object in a line. Throws BadRow if it is not JSON, not an object, or nested too deeply. */
export function parseJsonRow(text: string): Row {
  if (depthBeyond(text, MAX_JSON_DEPTH))
    throw new BadRow(`JSON is nested deeper than ${MAX_JSON_DEPTH} levels`, 'size');
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new BadRow(`not valid JSON: ${jsonFault(cause)}`, 'json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRow(`a row must be a JSON object, but this one is ${describe(value)}`, 'json');
  }
  return value as Row;
}

/**
 * What JSON.parse says, for people. V8 quotes the text around the error, and a line of megabytes must not become a message of
 * megabytes. Its line and column are those in the row, which would contradict the line of the row in the file.
 */
function jsonFault(cause: unknown): string {
  const message = (cause as Error).message.replaceAll(/\s+/g, ' ');
  if (/^Unexpected end of JSON input|^Unterminated string/.test(message))
    return 'the object does not end on this line; a row must stand on one line';
  const line = message.replace(
    / in JSON at position (\d+)( \(line \d+ column \d+\))?/,
    (_, at: string) => ` at character ${Number(at) + 1}`,
  );
  return line.length > 160 ? `${line.slice(0, 160)}...` : line;
}

/** True if brackets outside strings nest deeper than `limit`. This runs before JSON.parse builds anything. */
function depthBeyond(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      i = endOfString(text, i);
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true;
    } else if (code === 0x5d || code === 0x7d) {
      depth--;
    }
  }
  return false;
}

/** Index of the quote that closes the string opened at `start`, or the text's end. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
