import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import { isObject } from '../../formats/json.ts';
import { VeraError } from '../../protocol/errors.ts';
import { closeFile, readFully, type OpenFile } from './file.ts';
import type { ReaderKind, RowReader, Source } from './reader.ts';
import { rowSpill } from './rowSpill.ts';

/** Larger row groups do not fit into the memory of a reader. Most programs write 128 MiB or less. */
const MAX_ROW_GROUP_BYTES = 1024 * 1024 * 1024;

/** How many rows are decoded at once. */
const ROWS_AT_ONCE = 2000;

/**
 * Parquet files. Rows of a group can only be decoded together, but training reads them in random order. So each row becomes a line of
 * JSON in a temporary file, which is then read like JSONL.
 */
export const parquet: ReaderKind = { label: 'Parquet', extensions: ['.parquet'], open };

async function open({ file }: Source, { maxRows }: { maxRows: number }): Promise<RowReader> {
  const { path } = file;
  const spill = rowSpill(path, plain);
  try {
    const buffer = asyncBuffer(file);
    const metadata = await understood(path, () => parquetMetadataAsync(buffer));
    let firstRow = 0;
    for (const group of metadata.row_groups) {
      if (spill.count >= maxRows) break;
      if (Number(group.total_byte_size) > MAX_ROW_GROUP_BYTES) {
        const limit = `${MAX_ROW_GROUP_BYTES / 1024 / 1024} MiB`;
        throw new VeraError('data', `${path} has a row group of more than ${limit}; write it with smaller row groups`);
      }
      const end = firstRow + Number(group.num_rows);
      for (let from = firstRow; from < end && spill.count < maxRows; from += ROWS_AT_ONCE) {
        const to = Math.min(end, from + ROWS_AT_ONCE, from + maxRows - spill.count);
        for (const row of await understood(path, () => readRows(buffer, metadata, from, to))) spill.add(written(row));
      }
      firstRow = end;
    }
  } catch (error) {
    spill.drop();
    throw error;
  }
  closeFile(file);
  return spill.finish({ name: parquet.label });
}

/** A row without what Parquet fills in: every object of a column has the keys of all others, as nulls. Columns that are null stay. */
const written = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : withoutFilled(value)]));

function withoutFilled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFilled);
  if (!isObject(value) || value instanceof Date || ArrayBuffer.isView(value)) return value;
  // In a message beside its role, a content of null says that there is no text.
  const says = (key: string): boolean => key === 'content' && typeof value['role'] === 'string';
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => (one !== null && one !== undefined) || says(key))
      .map(([key, one]) => [key, withoutFilled(one)]),
  );
}

/** Writes 64-bit integers as numbers if these are exact, else as text. Bytes, as of pictures, are left out. */
function plain(_key: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return undefined;
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
