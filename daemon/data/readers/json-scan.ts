import { readFully, type OpenFile } from './file.ts';

const CHUNK = 1024 * 1024;

/** Where a value is in a file. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
  /** 1-based lines of its first and last byte. */
  readonly line: number;
  readonly lastLine: number;
}

/** The text is not JSON, or ends too early. */
export class JsonFault extends Error {
  readonly line: number;
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * Finds values in JSON text of any size without building them. It follows strings and brackets and checks nothing else: a value that
 * it finds may still be wrong. Memory: one chunk.
 */
export interface JsonScan {
  /** The next byte that is not white space; -1 at the end. It is not taken. */
  peek(): number;
  /** Takes a value. Throws JsonFault if the text ends in it. */
  value(): Extent;
  /**
   * Takes a list or an object and calls `visit` before each of its values, which `visit` takes. `name` is the place of the name in
   * an object. `visit` returns false to stop; then nothing after it is read. Throws JsonFault.
   */
  each(visit: (name: Extent | undefined) => boolean): void;
  /** The bytes of a value, at most `most`. */
  bytes(extent: Extent, most: number): Buffer;
}

const [QUOTE, BACKSLASH, NEWLINE, COMMA, COLON] = [0x22, 0x5c, 0x0a, 0x2c, 0x3a];
const OPEN = new Set([0x7b, 0x5b]);

/** Scans from offset `start`, which is on line `first`. */
export function jsonScan(file: OpenFile, start: number, first = 1): JsonScan {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, file.size)));
  let data = chunk.subarray(0, 0);
  let from = start; // offset of data[0]
  let at = 0; // next byte, in data
  let line = first;

  const fill = (): boolean => {
    from += data.length;
    at = 0;
    data = chunk.subarray(0, Math.max(0, Math.min(chunk.length, file.size - from)));
    if (data.length === 0) return false;
    readFully(file, data, from);
    return true;
  };
  const next = (): number => (at < data.length || fill() ? data[at]! : -1);
  const peek = (): number => {
    for (;;) {
      const byte = next();
      if (byte === NEWLINE) line++;
      else if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return byte;
      at++;
    }
  };
  /** Takes bytes until the brackets and the string that are open now are closed. */
  const close = (depth: number, quoted: boolean, begun: number): void => {
    let escaped = false;
    for (;;) {
      if (at >= data.length && !fill())
        throw new JsonFault(`what begins on line ${begun} does not end; the file may be cut off`, line);
      const byte = data[at++]!;
      if (byte === NEWLINE) line++;
      if (quoted) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) {
          quoted = false;
          if (depth === 0) return;
        }
      } else if (byte === QUOTE) quoted = true;
      else if (byte === 0x7b || byte === 0x5b) depth++;
      else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return;
    }
  };
  const value = (): Extent => {
    const head = peek();
    const [offset, begun] = [from + at, line];
    if (head === -1) throw new JsonFault('a value is missing at the end', line);
    if (head === QUOTE || OPEN.has(head)) {
      at++;
      close(head === QUOTE ? 0 : 1, head === QUOTE, begun);
    } else {
      for (let byte = head; byte !== -1 && !/[\s,:\]}]/.test(String.fromCharCode(byte)); byte = next()) at++;
      if (from + at === offset) throw new JsonFault(`a value is missing before ${String.fromCharCode(head)}`, line);
    }
    return { offset, length: from + at - offset, line: begun, lastLine: line };
  };
  return {
    peek,
    value,
    each(visit) {
      const opened = peek();
      const begun = line;
      const end = opened === 0x7b ? 0x7d : 0x5d;
      at++;
      for (;;) {
        if (peek() === end) {
          at++;
          return;
        }
        if (peek() === -1)
          throw new JsonFault(`what begins on line ${begun} does not end; the file may be cut off`, line);
        let name: Extent | undefined;
        if (opened === 0x7b) {
          name = value();
          if (peek() !== COLON) throw new JsonFault('a colon is missing after a name', line);
          at++;
        }
        if (!visit(name)) return;
        const after = peek();
        if (after === COMMA) at++;
        else if (after !== end)
          throw new JsonFault(
            after === -1 ? `what begins on line ${begun} does not end; the file may be cut off` : 'a comma is missing',
            line,
          );
      }
    },
    bytes({ offset, length }, most) {
      const bytes = Buffer.allocUnsafe(Math.min(length, most));
      readFully(file, bytes, offset);
      return bytes;
    },
  };
}
