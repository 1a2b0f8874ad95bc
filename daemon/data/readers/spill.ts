import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VeraError } from '../../protocol/errors.ts';
import { byteIndexBuilder, byteRows } from './byte-rows.ts';
import { cannotRead, closeFile, type OpenFile } from './file.ts';
import { parseJsonRow } from './jsonRow.ts';
import type { RowReader } from './reader.ts';

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

/** Rows that are made while a file is read, and are kept as lines of JSON in a temporary file. */
export interface RowSpill {
  readonly count: number;
  add(row: unknown, line?: number): void;
  /** The reader of all rows that were added. `lines`: their lines are those of the dataset file. */
  finish(about: { name: string; lines?: boolean }): RowReader;
  /** Gives up. */
  drop(): void;
}

/** `written`: how a value is written as JSON, as JSON.stringify takes it. */
export function rowSpill(path: string, written?: (key: string, value: unknown) => unknown): RowSpill {
  const spill = temporarySpill(path);
  const index = byteIndexBuilder();
  return {
    get count() {
      return index.count;
    },
    add(row, line = index.count + 1) {
      const bytes = Buffer.from(`${JSON.stringify(row, written)}\n`);
      index.add(bytes.subarray(0, -1), spill.file.size, bytes.length - 1, line);
      spill.write(bytes);
    },
    finish: (about) => byteRows(spill.file, index.finish(), { ...about, parse: parseJsonRow }),
    drop: () => closeFile(spill.file),
  };
}
