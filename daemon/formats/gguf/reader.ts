import { fstatSync, openSync, closeSync, readSync } from 'node:fs';
import { VeraError } from '../../protocol/errors.ts';

const WINDOW = 1 << 20;

/** A forward reader over a local file that holds one small window of it, and refuses to read past the end. */
export interface FileReader {
  readonly path: string;
  readonly size: number;
  /** Bytes consumed so far. */
  position(): number;
  /** The next `length` bytes; valid until the next call. `what` names the field in the error for a file that ends early. */
  take(length: number, what: string): DataView;
  /** Fills `target` from the absolute byte `offset`, independent of the forward position. */
  readAt(target: Uint8Array, offset: number): void;
  close(): void;
}

/** Opens a regular file for reading; a folder, a device or a pipe is refused. */
export function openReader(path: string): FileReader {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    throw new VeraError('io', `${path}: cannot be opened (${reason(cause)})`, { cause });
  }
  const status = fstatSync(descriptor);
  if (!status.isFile()) {
    closeSync(descriptor);
    throw new VeraError('format', `${path}: is not a regular file; give the path of a .gguf file`);
  }
  const size = status.size;
  let window = new Uint8Array(0);
  let start = 0; // file offset of window[0]
  let cursor = 0; // file offset of the next byte

  const fill = (target: Uint8Array, offset: number): void => {
    for (let done = 0; done < target.length;) {
      let read: number;
      try {
        read = readSync(descriptor, target, done, Math.min(target.length - done, 1 << 30), offset + done);
      } catch (cause) {
        throw new VeraError('io', `${path}: reading at byte ${offset + done} failed (${reason(cause)})`, { cause });
      }
      if (read === 0) throw new VeraError('io', `${path}: became shorter while it was read`);
      done += read;
    }
  };

  return {
    path,
    size,
    position: () => cursor,
    take(length, what) {
      if (length > size - cursor) {
        throw new VeraError(
          'format',
          `${path}: the file ends at byte ${size}, inside ${what} (byte ${cursor}); it is cut short or damaged, fetch it again`,
        );
      }
      if (cursor + length > start + window.length) {
        window = new Uint8Array(Math.min(Math.max(WINDOW, length), size - cursor));
        start = cursor;
        fill(window, start);
      }
      const view = new DataView(window.buffer, cursor - start, length);
      cursor += length;
      return view;
    },
    readAt: fill,
    close: () => closeSync(descriptor),
  };
}

function reason(cause: unknown): string {
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause);
}
