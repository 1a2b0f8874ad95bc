import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder, writeFully, writeStreamAtomic } from '../formats/atomic.ts';
import { quote } from '../formats/quote.ts';
import { ioError } from '../formats/read.ts';
import { VeraError } from '../protocol/errors.ts';

/**
 * A checkpoint is one file: the magic, u32 length of a JSON header, the header ({ state, vectors: [[name, length], ...] }),
 * the vectors as little-endian float32, and the sha256 of everything before. It is written beside the one before, which is
 * kept.
 */
const MAGIC = Buffer.from('VERACKP1', 'latin1');
const DIGEST_BYTES = 32;
const MAX_HEADER_BYTES = 64 << 20; // a header is some kilobytes; a length from a damaged file must not decide an allocation (CWE-770)
const BLOCK = 8 << 20;
/** Keep the newest and the one before it, which is used if the newest is damaged. */
const KEPT = 2;
const NAME = /^step-(\d{8,})\.ckpt$/;

export interface Checkpoint {
  /** Plain JSON. */
  readonly state: Record<string, unknown>;
  readonly vectors: Readonly<Record<string, Float32Array>>;
}

export const checkpointFile = (dir: string, step: number): string =>
  join(dir, `step-${String(step).padStart(8, '0')}.ckpt`);

/** Checkpoints of a folder, newest first. A missing folder has none. */
export function listCheckpoints(dir: string): { step: number; file: string }[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw ioError(error, 'read', dir);
  }
  return names
    .flatMap((name) => {
      const step = NAME.exec(name)?.[1];
      return step === undefined ? [] : [{ step: Number(step), file: join(dir, name) }];
    })
    .sort((a, b) => b.step - a.step);
}

/** Writes the checkpoint of a step, whole or absent, and removes all but the newest two. Throws VeraError 'io'. */
export function saveCheckpoint(dir: string, step: number, { state, vectors }: Checkpoint): string {
  const file = checkpointFile(dir, step);
  const entries = Object.entries(vectors);
  const header = Buffer.from(JSON.stringify({ state, vectors: entries.map(([name, { length }]) => [name, length]) }));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(header.length);
  writeStreamAtomic(file, (fd) => {
    const hash = createHash('sha256');
    const write = (bytes: Uint8Array): void => {
      hash.update(bytes);
      writeFully(fd, bytes);
    };
    for (const bytes of [MAGIC, size, header]) write(bytes);
    for (const [, vector] of entries) {
      const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
      for (let at = 0; at < bytes.length; at += BLOCK) write(bytes.subarray(at, at + BLOCK));
    }
    writeFully(fd, hash.digest());
  });
  for (const { file: old } of listCheckpoints(dir).slice(KEPT)) rmSync(old, { force: true });
  return file;
}

/** Removes a checkpoint for good. */
export function dropCheckpoint(dir: string, file: string): void {
  rmSync(file, { force: true });
  syncFolder(dir);
}

/** Reads and verifies a checkpoint. Throws VeraError 'format' for one that is damaged, 'io' for one that cannot be read. */
export function loadCheckpoint(file: string): Checkpoint {
  const damaged = (why: string): VeraError =>
    new VeraError('format', `the checkpoint ${quote(file)} is damaged: ${why}`);
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    throw ioError(error, 'read', file);
  }
  try {
    const size = statSync(file).size;
    const hash = createHash('sha256');
    let at = 0;
    const read = (bytes: Uint8Array): void => {
      for (let done = 0; done < bytes.length;) {
        const got = readSync(fd, bytes, done, Math.min(BLOCK, bytes.length - done), at);
        if (got === 0) throw damaged('it ends too early');
        done += got;
        at += got;
      }
    };
    const hashed = <T extends Uint8Array>(bytes: T): T => {
      read(bytes);
      hash.update(bytes);
      return bytes;
    };
    const start = hashed(Buffer.alloc(MAGIC.length + 4));
    if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged('it does not begin as a checkpoint does');
    const headerBytes = start.readUInt32LE(MAGIC.length);
    if (headerBytes > Math.min(MAX_HEADER_BYTES, size)) throw damaged('its header is longer than the file');
    const text = hashed(Buffer.alloc(headerBytes)).toString('utf8');
    const header = parseHeader(text);
    const floats = header?.vectors.reduce((sum, [, length]) => sum + length, 0) ?? 0;
    if (!header || at + floats * 4 + DIGEST_BYTES !== size) throw damaged('its length is not what its header says');
    const vectors: Record<string, Float32Array> = {};
    for (const [name, length] of header.vectors) {
      const vector = new Float32Array(length);
      hashed(new Uint8Array(vector.buffer));
      vectors[name] = vector;
    }
    const digest = Buffer.alloc(DIGEST_BYTES);
    read(digest);
    if (!hash.digest().equals(digest)) throw damaged('its checksum does not match its content');
    return { state: header.state, vectors };
  } catch (error) {
    throw error instanceof VeraError ? error : ioError(error, 'read', file);
  } finally {
    closeSync(fd);
  }
}

/** The newest checkpoint that is whole; undefined if there is none. `note` receives a sentence about each damaged one. */
export function newestCheckpoint(
  dir: string,
  note: (text: string) => void,
): (Checkpoint & { step: number; file: string }) | undefined {
  const found = listCheckpoints(dir);
  for (const { step, file } of found) {
    try {
      return { ...loadCheckpoint(file), step, file };
    } catch (error) {
      if (!(error instanceof VeraError) || error.code !== 'format') throw error;
      note(`${error.message}; the one before it is used`);
      if (file === found.at(-1)?.file) {
        throw new VeraError(
          'format',
          `${error.message}, and no whole one is left in ${quote(dir)}: start the run again`,
          { cause: error },
        );
      }
    }
  }
  return undefined;
}

function parseHeader(text: string): { state: Record<string, unknown>; vectors: [string, number][] } | undefined {
  try {
    const header = JSON.parse(text) as { state: Record<string, unknown>; vectors: [string, number][] };
    const valid = header.vectors.every(
      ([name, length]) => typeof name === 'string' && Number.isSafeInteger(length) && length >= 0,
    );
    return valid && typeof header.state === 'object' ? header : undefined;
  } catch {
    return undefined;
  }
}
