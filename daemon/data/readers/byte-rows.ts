import { createHash, hash } from 'node:crypto';
import { VeraError } from '../../protocol/errors.ts';
import { BadRow, type Row } from '../row.ts';
import { notUtf8 } from './utf8.ts';
import { closeFile, readFully, type OpenFile } from './file.ts';
import { MAX_ROW_BYTES, type RowReader } from './reader.ts';

/** The place of each row in its file, in typed columns: 24 bytes per row, so that millions of rows need little memory. */
export interface ByteIndex {
  count: number;
  /** sha256 (hex) over the rows' own hashes. */
  hash: string;
  offset(i: number): number;
  /** Bytes of the row; more than MAX_ROW_BYTES for a row that is refused. */
  length(i: number): number;
  /** 1-based line on which the row begins. */
  line(i: number): number;
  /** First 48 bits of the sha256 of the row's bytes. */
  key: (i: number) => number;
}

export interface ByteIndexBuilder {
  count: number;
  add(bytes: Uint8Array, offset: number, length: number, line: number): void;
  finish(): ByteIndex;
}

export function byteIndexBuilder(): ByteIndexBuilder {
  let room = 1024;
  let offsets = new Float64Array(room);
  let keys = new Float64Array(room);
  let lengths = new Uint32Array(room);
  let lines = new Uint32Array(room);
  const whole = createHash('sha256');
  const builder: ByteIndexBuilder = {
    count: 0,
    add(bytes, offset, length, line) {
      const i = builder.count++;
      if (i === room) {
        room *= 2;
        offsets = grown(offsets, new Float64Array(room));
        keys = grown(keys, new Float64Array(room));
        lengths = grown(lengths, new Uint32Array(room));
        lines = grown(lines, new Uint32Array(room));
      }
      const digest = hash('sha256', bytes, 'buffer');
      whole.update(digest);
      offsets[i] = offset;
      lengths[i] = Math.min(length, MAX_ROW_BYTES + 1);
      lines[i] = line;
      keys[i] = digest.readUIntBE(0, 6);
    },
    finish: () => ({
      count: builder.count,
      hash: whole.digest('hex'),
      offset: (i) => offsets[i]!,
      length: (i) => lengths[i]!,
      line: (i) => lines[i]!,
      key: (i) => keys[i]!,
    }),
  };
  return builder;
}

function grown<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

const READ_AHEAD = 256 * 1024;

/**
 * Rows that are parsed from byte ranges of a file that stays open. Rows that follow each other share a read. Each row is checked
 * against its hash, so that a file that was changed in place is noticed.
 */
export function byteRows(
  file: OpenFile,
  index: ByteIndex,
  about: { name: string; parse: (text: string, i: number) => Row; lines?: boolean },
): RowReader {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const { name, parse, lines = true } = about;
  let ahead = Buffer.alloc(0);
  let aheadStart = -1;
  let previousEnd = -1;

  const bytesAt = (offset: number, length: number): Uint8Array => {
    if (offset >= aheadStart && offset + length <= aheadStart + ahead.length) {
      return ahead.subarray(offset - aheadStart, offset - aheadStart + length);
    }
    const sequential = previousEnd >= 0 && offset >= previousEnd && offset - previousEnd < 4096;
    const wanted = sequential ? Math.min(Math.max(length, READ_AHEAD), file.size - offset) : length;
    const buffer = Buffer.allocUnsafe(wanted);
    readFully(file, buffer, offset);
    if (sequential) {
      ahead = buffer;
      aheadStart = offset;
    }
    return buffer.subarray(0, length);
  };

  return {
    name,
    count: index.count,
    bytes: file.size,
    hash: index.hash,
    key: index.key,
    source: (i) => (lines ? { file: file.path, line: index.line(i) } : { file: file.path }),
    read(i) {
      const length = index.length(i);
      if (length > MAX_ROW_BYTES) {
        throw new BadRow(`the row is longer than the limit of ${MAX_ROW_BYTES / 1024 / 1024} MiB; split it`, 'size');
      }
      const bytes = bytesAt(index.offset(i), length);
      previousEnd = index.offset(i) + length;
      if (hash('sha256', bytes, 'buffer').readUIntBE(0, 6) !== index.key(i)) {
        throw new VeraError(
          'data',
          `${file.path}, line ${index.line(i)}: this row changed while the file was in use; keep the file unchanged and start again`,
        );
      }
      let text: string;
      try {
        text = decoder.decode(bytes);
      } catch {
        throw notUtf8(bytes);
      }
      return parse(text, i);
    },
    close: () => closeFile(file),
  };
}
