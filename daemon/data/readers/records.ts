import { VeraError } from '../../protocol/errors.ts';
import { readFully, type OpenFile } from './file.ts';
import { byteOrderMark } from './lines.ts';
import type { Dialect } from './dialect.ts';
import { MAX_ROW_BYTES } from './reader.ts';

const CHUNK = 1024 * 1024;
const QUOTE = 0x22;

/** The state of the scan in a field. */
type State = 'start' | 'plain' | 'quoted' | 'closing';

/**
 * Calls `visit` for every record of a delimited file: its bytes (without the line break), offset, length and the line
 * where it begins. A quote opens a quoted field only at the start of a field, and a line break inside is part of the text.
 * Empty lines are skipped. `visit` returns false to stop. Throws a 'data' error if a quote is never closed.
 */
export function forEachRecord(
  file: OpenFile,
  { delimiter, skip }: Dialect,
  visit: (bytes: Buffer, offset: number, length: number, line: number) => boolean,
): void {
  const separator = delimiter.charCodeAt(0);
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, file.size)));
  let state = 'start' as State;
  let line = 1 + skip.lines;
  let start = byteOrderMark(file) + skip.bytes;
  let startLine = line;
  let quoteLine = 0;

  const emit = (end: number): boolean => {
    let length = end - start;
    const bytes = Buffer.allocUnsafe(Math.min(length, MAX_ROW_BYTES));
    readFully(file, bytes, start);
    const carriageReturn = length <= MAX_ROW_BYTES && bytes[length - 1] === 0x0d;
    if (carriageReturn) length -= 1;
    return length === 0 || visit(bytes.subarray(0, Math.min(length, MAX_ROW_BYTES)), start, length, startLine);
  };

  for (let position = start; position < file.size;) {
    const data = chunk.subarray(0, Math.min(chunk.length, file.size - position));
    readFully(file, data, position);
    for (let i = 0; i < data.length; i++) {
      const byte = data[i]!;
      if (state === 'quoted') {
        if (byte === QUOTE) state = 'closing';
        else if (byte === 0x0a) line++;
      } else if (byte === 0x0a) {
        if (!emit(position + i)) return;
        line++;
        start = position + i + 1;
        startLine = line;
        state = 'start';
      } else if (byte === separator) {
        state = 'start';
      } else if (byte === QUOTE && state !== 'plain') {
        if (state === 'start') quoteLine = line;
        state = 'quoted';
      } else {
        state = 'plain';
      }
    }
    position += data.length;
  }
  if (state === 'quoted') {
    throw new VeraError('data', `${file.path}, line ${quoteLine}: the quote that opens a field here is never closed`);
  }
  if (start < file.size) emit(file.size);
}
