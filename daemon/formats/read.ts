import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { VeraError } from '../protocol/errors.ts';
import { quote } from './quote.ts';

const READ_CHUNK = 2 ** 30; // one read call takes at most 2^31 - 1 bytes

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full; free some space and try again',
  EDQUOT: 'the disk quota is used up; free some space and try again',
  EIO: 'the disk reported an error',
  EMFILE: 'too many files are open',
  ELOOP: 'its symbolic links go round in a circle',
  ENAMETOOLONG: 'the name is too long',
};

/** Says in one line what failed (`action`, e.g. 'read'), on which path, and why. */
export function ioError(error: unknown, action: string, path: string): VeraError {
  if (error instanceof VeraError) return error;
  return new VeraError('io', `cannot ${action} ${quote(path)}: ${reasonOf(error)}`, { cause: error });
}

/** Why a call of the system failed, in one line: 'permission is denied (EACCES)'. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const reason = reasons[code] ?? (error instanceof Error ? error.message.split('\n')[0] : 'an unknown error');
  return `${reason}${code && ` (${code})`}`;
}

/**
 * Opens a regular file for reading, passes its descriptor and its size in bytes to `use`, and closes it. A folder, device, pipe or
 * socket is refused: a pipe could wait for ever, and a device never ends.
 */
export function withFile<T>(file: string, use: (fd: number, size: number) => T): T {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw ioError(error, 'read', file);
  }
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) {
      throw new VeraError(
        'io',
        `cannot read ${quote(file)}: it is ${status.isDirectory() ? 'a folder' : 'not a regular file'}`,
      );
    }
    return use(fd, status.size);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code && (error as NodeJS.ErrnoException).syscall
      ? ioError(error, 'read', file)
      : error;
  } finally {
    closeSync(fd);
  }
}

/** Reads exactly `length` bytes from `position` into a new buffer. Throws 'format' if the file ends before. */
export function readExactly(fd: number, file: string, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const got = readSync(fd, bytes, done, Math.min(length - done, READ_CHUNK), position + done);
    if (got === 0) {
      const missing = length - done;
      throw new VeraError(
        'format',
        `${quote(file)}: the file ends ${missing} bytes early (at byte ${position + done}); the file is incomplete, download it again`,
      );
    }
    done += got;
  }
  return bytes;
}

/** Decodes UTF-8 strictly: an invalid byte is an error, not a replacement character. */
export function decodeUtf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new VeraError('format', `${where}: the text is not valid UTF-8`, { cause: error });
  }
}

/** Reads a small text file as UTF-8, without its byte-order mark. A file of more than `limit` bytes is refused. */
export function readText(file: string, limit: number): string {
  return withFile(file, (fd, size) => {
    if (size > limit)
      throw new VeraError('format', `${quote(file)}: the file has ${size} bytes, but only ${limit} are allowed`);
    const text = decodeUtf8(readExactly(fd, file, 0, size), quote(file));
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  });
}
