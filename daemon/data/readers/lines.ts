import { readFully, type OpenFile } from './file.ts';
import { MAX_ROW_BYTES } from './reader.ts';

const CHUNK = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Calls `visit` for every line of a file with its bytes (without the line break and white space at both ends), the offset of these
 * bytes, their length and the 1-based line number. For a line longer than MAX_ROW_BYTES it gives the first bytes and the true
 * length, for a blank line no bytes. `visit` returns false to stop. A byte-order mark at the start is skipped. Memory: one chunk,
 * and at most one line.
 */
export function forEachLine(
  file: OpenFile,
  visit: (bytes: Buffer, offset: number, length: number, line: number) => boolean,
): void {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, file.size)));
  let parts: Buffer[] = [];
  let kept = 0;
  let lineStart = 0;
  let line = 1;

  const emit = (tail: Buffer, end: number): boolean => {
    const length = end - lineStart;
    const bytes = kept === 0 ? tail : Buffer.concat([...parts, tail]);
    parts = [];
    kept = 0;
    if (length > MAX_ROW_BYTES) return visit(bytes.subarray(0, MAX_ROW_BYTES), lineStart, length, line);
    const [from, to] = trimmed(bytes);
    return visit(bytes.subarray(from, to), lineStart + from, to - from, line);
  };

  for (let position = byteOrderMark(file); position < file.size;) {
    if (line === 1 && kept === 0 && lineStart === 0) lineStart = position;
    const data = chunk.subarray(0, Math.min(chunk.length, file.size - position));
    readFully(file, data, position);
    let from = 0;
    for (;;) {
      const at = data.indexOf(NEWLINE, from);
      if (at < 0) break;
      if (!emit(data.subarray(from, at), position + at)) return;
      from = at + 1;
      lineStart = position + from;
      line++;
    }
    if (from < data.length && kept <= MAX_ROW_BYTES) {
      parts.push(Buffer.from(data.subarray(from)));
      kept += data.length - from;
    }
    position += data.length;
  }
  if (lineStart < file.size) emit(Buffer.alloc(0), file.size);
}

/** Bytes of a UTF-8 mark at the start (0 or 3). */
export function byteOrderMark(file: OpenFile): number {
  const head = Buffer.alloc(Math.min(3, file.size));
  readFully(file, head, 0);
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
}

/** The range without spaces, tabs and carriage returns at both ends. */
function trimmed(bytes: Buffer): [from: number, to: number] {
  let from = 0;
  let to = bytes.length;
  while (to > from && isBlank(bytes[to - 1]!)) to--;
  while (from < to && isBlank(bytes[from]!)) from++;
  return [from, to];
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
