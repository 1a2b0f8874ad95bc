import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import { VeraError } from '../../protocol/errors.ts';
import { byteIndexBuilder, byteRows, type ByteIndexBuilder } from './byte-rows.ts';
import { cannotRead, openRegularFile, readFully, type OpenFile } from './file.ts';
import { parseJsonRow } from './jsonl.ts';
import type { ReaderKind, RowReader } from './reader.ts';

/** Larger row groups do not fit into the memory of a reader. Most programs write 128 MiB or less. */
const MAX_ROW_GROUP_BYTES = 1024 * 1024 * 1024;

/** How many rows are decoded at once. */
const ROWS_AT_ONCE = 2000;

/**
 * Parquet files. Rows of a group can only be decoded together, but training reads them in random order. So each row becomes a line of
 * JSON in a temporary file, which is then read like JSONL. The file is deleted as soon as it is open (on Windows when it is closed),
 * so that nothing is left behind.
 */
export const parquet: ReaderKind = { label: 'Parquet', extensions: ['.parquet'], open };

async function open(path: string, { maxRows }: { maxRows: number }): Promise<RowReader> {
  const file = openRegularFile(path);
  const spill = temporaryFile();
  const index = byteIndexBuilder();
  try {
    const buffer = asyncBuffer(file);
    const metadata = await understood(path, () => parquetMetadataAsync(buffer));
    let firstRow = 0;
    for (const group of metadata.row_groups) {
      if (index.count >= maxRows) break;
      if (Number(group.total_byte_size) > MAX_ROW_GROUP_BYTES) {
        const limit = `${MAX_ROW_GROUP_BYTES / 1024 / 1024} MiB`;
        throw new VeraError('data', `${path} has a row group of more than ${limit}; write it with smaller row groups`);
      }
      const end = firstRow + Number(group.num_rows);
      for (let from = firstRow; from < end && index.count < maxRows; from += ROWS_AT_ONCE) {
        const to = Math.min(end, from + ROWS_AT_ONCE, from + maxRows - index.count);
        spillRows(spill, index, await understood(path, () => readRows(buffer, metadata, from, to)));
      }
      firstRow = end;
    }
  } catch (error) {
    closeSync(spill.fd);
    spill.remove();
    throw error;
  } finally {
    closeSync(file.fd);
  }
  const rows = byteRows({ path, fd: spill.fd, size: spill.size }, index.finish(), {
    name: parquet.label,
    parse: parseJsonRow,
  });
  return {
    ...rows,
    close() {
      rows.close();
      spill.remove();
    },
  };
}

interface Spill {
  fd: number;
  size: number;
  remove(): void;
}

function temporaryFile(): Spill {
  try {
    const dir = mkdtempSync(join(tmpdir(), 'vera-rows-'));
    const fd = openSync(join(dir, 'rows.jsonl'), 'wx+', 0o600);
    const remove = () => rmSync(dir, { recursive: true, force: true });
    if (process.platform !== 'win32') remove();
    return { fd, size: 0, remove };
  } catch (cause) {
    throw cannotRead(tmpdir(), cause);
  }
}

function spillRows(spill: Spill, index: ByteIndexBuilder, rows: Record<string, unknown>[]): void {
  for (const row of rows) {
    const bytes = Buffer.from(`${JSON.stringify(row, plain)}\n`);
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(spill.fd, bytes, done, bytes.length - done);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new VeraError('io', `the rows cannot be written to the temporary folder ${tmpdir()}: ${reason}`, { cause });
    }
    index.add(bytes.subarray(0, -1), spill.size, bytes.length - 1, index.count + 1);
    spill.size += bytes.length;
  }
}

/** Writes 64-bit integers as numbers if these are exact, else as text. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

function readRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({
    file,
    metadata,
    rowStart,
    rowEnd,
    compressors: {
      // The expected length limits what a small malicious page can expand to.
      GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
      BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
      ZSTD: (input, length) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
    },
  });
}

async function understood<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof VeraError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VeraError('data', `${path} cannot be read as Parquet: ${reason.split('\n')[0]}`, { cause });
  }
}

function asyncBuffer(file: OpenFile): AsyncBuffer {
  return {
    byteLength: file.size,
    slice(start, end = file.size) {
      const from = start < 0 ? Math.max(0, file.size + start) : start;
      const bytes = new Uint8Array(Math.max(0, Math.min(end, file.size) - from));
      readFully(file, bytes, from);
      return bytes.buffer;
    },
  };
}
