import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { VeraError } from '../../protocol/errors.ts';

/** A regular file that stays open: we always read the file that was opened, even if it is renamed. */
export interface OpenFile {
  path: string;
  fd: number;
  /** Its bytes when it was opened. What is appended later is not read. */
  size: number;
  /** Deletes it, if it is a temporary file. */
  remove?: () => void;
}

/** Windows has no such flag, although the declarations say so. */
const NONBLOCK = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

/** Opens a regular file for reading. A device, a pipe or a socket is refused before anything is read from it. */
export function openRegularFile(path: string): OpenFile {
  try {
    if (!statSync(path).isFile()) throw notRegular(path);
    // Without blocking: the name may have become a pipe since the check, and opening a pipe could wait for ever.
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

/** Closes a file, and deletes it if it is a temporary one. */
export function closeFile(file: OpenFile): void {
  closeSync(file.fd);
  file.remove?.();
}

/** The error for anything that is neither a file nor a folder. */
export function notRegular(path: string): VeraError {
  return new VeraError('data', `${path} is a device, a pipe or a socket; give a regular file or a folder of code`);
}

/** An 'io' or 'data' error for a failed system call on `path`. */
export function cannotRead(path: string, cause: unknown): VeraError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return new VeraError('data', `${path} does not exist`, { cause });
  if (code === 'EACCES' || code === 'EPERM')
    return new VeraError('data', `you do not have permission to read ${path}`, { cause });
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new VeraError('io', `${path} cannot be read: ${reason}`, { cause });
}

/** Fills `into` from `offset`. Throws a 'data' error if the file is shorter now than when it was opened. */
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
        `${file.path} became shorter while it was in use: it had ${file.size} bytes and has ${now} now; ` +
          'keep it unchanged and start again',
      );
    }
    done += got;
  }
}
