import { VeraError } from '../../protocol/errors.ts';
import { quote } from '../quote.ts';
import { readExactly } from '../read.ts';

const WINDOW = 1 << 20; // bytes of the file in memory at a time

/** Reads an open file forwards, field by field, and refuses to go past its end. */
export interface Cursor {
  /** The file's name as errors show it. */
  readonly where: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Bytes read so far. */
  position(): number;
  /** The next `length` bytes, valid until the next call. `what` names the field in the error for a file that ends in it. */
  take(length: number, what: string): DataView;
}

/** A cursor at the start of an open file of `size` bytes. */
export function cursorOver(fd: number, file: string, size: number): Cursor {
  const where = quote(file);
  let window = new Uint8Array(0);
  let start = 0; // file offset of window[0]
  let cursor = 0; // file offset of the next byte
  return {
    where,
    size,
    position: () => cursor,
    take(length, what) {
      if (length > size - cursor) {
        throw new VeraError(
          'format',
          `${where}: the file ends at byte ${size}, inside ${what} (byte ${cursor}); the file is incomplete, download it again`,
        );
      }
      if (cursor + length > start + window.length) {
        window = readExactly(fd, file, cursor, Math.min(Math.max(WINDOW, length), size - cursor));
        start = cursor;
      }
      const view = new DataView(window.buffer, cursor - start, length);
      cursor += length;
      return view;
    },
  };
}
