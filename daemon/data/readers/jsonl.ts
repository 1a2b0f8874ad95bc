import { VeraError } from '../../protocol/errors.ts';
import { describe } from '../formats/fields.ts';
import { BadRow, type Row } from '../row.ts';
import { byteIndexBuilder, byteRows } from './byte-rows.ts';
import { openRegularFile } from './file.ts';
import { forEachLine } from './lines.ts';
import type { ReaderKind } from './reader.ts';

/** Levels of nesting. Deeper JSON is refused: no dataset needs it, and templates are recursive. */
export const MAX_JSON_DEPTH = 64;

/** One JSON object per line. A `.json` file is read in the same way; if it is one JSON array, the error says what to do. */
export const jsonl: ReaderKind = {
  label: 'JSONL',
  extensions: ['.jsonl', '.ndjson', '.json'],
  ambiguous: ['.json'],
  text: { layout: 'lines', json: true, delimiter: '', parse: (text) => parseJsonRow(text.trim()) },
  language: { id: 'jsonl', label: 'JSON Lines' },
  otherLanguages: ['jsonlines', 'ndjson'],
  open(path, { maxRows }) {
    const file = openRegularFile(path);
    const index = byteIndexBuilder();
    forEachLine(file, (bytes, offset, length, line) => {
      if (length === 0) return true;
      if (index.count === 0 && bytes[0] === 0x5b && path.endsWith('.json')) throw notLines(path);
      index.add(bytes, offset, length, line);
      return index.count < maxRows;
    });
    return byteRows(file, index.finish(), { name: jsonl.label, parse: parseJsonRow });
  },
};

function notLines(path: string): VeraError {
  return new VeraError(
    'data',
    `${path} is one JSON array; write one object per line (jq -c '.[]' does that) and name the file .jsonl`,
  );
}

/** The object in a line. Throws BadRow if it is not JSON, not an object, or nested too deeply. */
export function parseJsonRow(text: string): Row {
  if (depthBeyond(text, MAX_JSON_DEPTH))
    throw new BadRow(`JSON is nested deeper than ${MAX_JSON_DEPTH} levels`, 'size');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BadRow(`not valid JSON: ${shortened((cause as Error).message)}`, 'json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRow(`a line must be a JSON object, but this one is ${describe(value)}`, 'json');
  }
  return value as Row;
}

/** V8 quotes the text around the error, and a line of megabytes must not become a message of megabytes. */
function shortened(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ');
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
