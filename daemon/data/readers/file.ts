import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { VeraError } from '../../protocol/errors.ts';

/** A regular file held open: what was there when it was opened is what is read, however it changes its name. */
export interface OpenFile {
  path: string;
  fd: number;
  /** Bytes at opening; what is appended later is not read. */
  size: number;
}

/** Windows has no such flag, whatever the declarations say. */
const NONBLOCK = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

/** Opens a regular file for reading; a device, a pipe or a socket is refused before anything is read from it. */
export function openRegularFile(path: string): OpenFile {
  try {
    if (!statSync(path).isFile()) throw notRegular(path);
    // Not blocking: between the check and here the name may have become a pipe, whose opening would wait for ever.
    const fd = openSync(path, constants.O_RDONLY | NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) {
      closeSync(fd);
      throw notRegular(path);
    }
    return { path, fd, size: stat.size };
  } catch (cause) {
    throw cause instanceof VeraError ? cause : cannotRead(path, cause);
  }
}

/** The refusal of anything that is neither file nor folder. */
export function notRegular(path: string): VeraError {
  return new VeraError('data', `${path} is a device, a pipe or a socket; give a regular file or a folder of code`);
}

/** An 'io' or 'data' error for a failed system call on `path`. */
export function cannotRead(path: string, cause: unknown): VeraError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return new VeraError('data', `${path} does not exist`, { cause });
  if (code === 'EACCES' || code === 'EPERM') return new VeraError('data', `${path} may not be read by you`, { cause });
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new VeraError('io', `${path} cannot be read: ${reason}`, { cause });
}

/** Fills `into` from `offset`. Throws a 'data' error when the file has become shorter than it was at opening. */
export function readFully(file: OpenFile, into: Uint8Array, offset: number): void {
  let done = 0;
  while (done < into.length) {
    let got: number;
    try {
      got = readSync(file.fd, into, done, into.length - done, offset + done);
    } catch (cause) {
      throw cannotRead(file.path, cause);
    }
    if (got === 0) {
      const now = offset + done;
      throw new VeraError(
        'data',
        `${file.path} became shorter while it was read: ${file.size} bytes at the start, ${now} now; ` +
          'keep it unchanged and start again',
      );
    }
    done += got;
  }
}
