import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VeraError } from '../../protocol/errors.ts';
import { cannotRead, type OpenFile } from './file.ts';

/**
 * A temporary file with what was made of a dataset file. It is deleted as soon as it is open (on Windows when it is closed), so that
 * nothing is left behind.
 */
export interface Spill {
  /** Reads from it; its path is that of the dataset file, for messages. */
  readonly file: OpenFile;
  /** Appends bytes. */
  write(bytes: Uint8Array): void;
}

/** Makes an empty one for the dataset at `path`. Throws VeraError 'io' if the temporary folder refuses. */
export function temporarySpill(path: string): Spill {
  try {
    const dir = mkdtempSync(join(tmpdir(), 'vera-rows-'));
    const fd = openSync(join(dir, 'rows'), 'wx+', 0o600);
    const remove = (): void => rmSync(dir, { recursive: true, force: true });
    if (process.platform !== 'win32') remove();
    const file: OpenFile = { path, fd, size: 0, remove };
    return {
      file,
      write(bytes) {
        try {
          for (let done = 0; done < bytes.length;)
            done += writeSync(fd, bytes, done, bytes.length - done, file.size + done);
        } catch (cause) {
          const reason = (cause as Error).message;
          throw new VeraError('io', `${path} cannot be unpacked into the temporary folder ${tmpdir()}: ${reason}`, {
            cause,
          });
        }
        file.size += bytes.length;
      },
    };
  } catch (cause) {
    throw cause instanceof VeraError ? cause : cannotRead(tmpdir(), cause);
  }
}
