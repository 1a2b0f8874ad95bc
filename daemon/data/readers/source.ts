import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { VeraError } from '../../protocol/errors.ts';
import { ENCODINGS, type Encoding } from '../encodings.ts';
import { asUtf8, shownEncoding } from './encoding.ts';
import { closeFile, openRegularFile, type OpenFile, readFully } from './file.ts';
import type { Source } from './reader.ts';
import { temporarySpill } from './spill.ts';

/** Endings of compressed files. */
export const PACKED_ENDINGS: readonly string[] = ['.gz', '.gzip', '.zst', '.zstd'];

/** A compressed file may always become this large, and beyond that so many times its own size. CWE-409: a small file must not fill the disk. */
const UNPACKED = { always: 512 * 1024 * 1024, times: 100 };
const HEAD = 512;
const CHUNK = 1024 * 1024;

/**
 * Opens a dataset file. What it is shows in its first bytes, whatever its name is: gzip and zstd are unpacked, UTF-16 becomes UTF-8.
 * What is no dataset but often taken for one is refused with the step that helps. `encoding`: of text that is not UTF-8.
 */
export async function openSource(path: string, encoding?: Encoding): Promise<Source> {
  const name = path.toLowerCase();
  const packed = PACKED_ENDINGS.find((ending) => name.endsWith(ending));
  const inner = packed === undefined ? name : name.slice(0, -packed.length);
  const notes: string[] = [];
  let file = openRegularFile(path);
  try {
    const how = compressionOf(headOf(file));
    if (how) {
      const packedFile = file;
      file = await unpacked(packedFile, how);
      closeFile(packedFile);
      notes.push(`unpacked from ${how}`);
    }
    const head = headOf(file);
    refuseOthers(path, head);
    const shown = isParquet(head) ? undefined : shownEncoding(head);
    const chosen = isParquet(head) || isMarkedUtf8(head) ? undefined : (shown ?? encoding);
    if (chosen !== undefined) {
      const before = file;
      file = asUtf8(before, chosen);
      closeFile(before);
      notes.push(`read as ${ENCODINGS.find(({ value }) => value === chosen)!.label}`);
    }
    return { file, name: inner, notes };
  } catch (error) {
    closeFile(file);
    throw error;
  }
}

export const isParquet = (head: Uint8Array): boolean => starts(head, 'PAR1');
const isMarkedUtf8 = (head: Uint8Array): boolean => head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;

/** The first bytes of a file. */
export function headOf(file: OpenFile, size = HEAD): Buffer {
  const head = Buffer.alloc(Math.min(size, file.size));
  readFully(file, head, 0);
  return head;
}

const starts = (head: Uint8Array, text: string): boolean =>
  Buffer.from(head.buffer, head.byteOffset, head.byteLength).subarray(0, text.length).toString('latin1') === text;

function compressionOf(head: Uint8Array): 'gzip' | 'zstd' | undefined {
  if (starts(head, '\x1f\x8b')) return 'gzip';
  return starts(head, '\x28\xb5\x2f\xfd') ? 'zstd' : undefined;
}

const ARROW =
  'is an Arrow file; write the dataset as Parquet (in Python: Dataset.from_file(FILE).to_parquet(NEW_FILE))';
const PICKLE = 'is a Python pickle, which can run code when it is read; write the rows as JSON Lines';

/** What is often taken for a dataset: its first bytes, and what helps. */
const OTHERS: readonly [start: string, what: string][] = [
  ['BZh', 'is compressed with bzip2; unpack it first (bunzip2)'],
  ['\xfd7zXZ', 'is compressed with xz; unpack it first (unxz)'],
  ['7z\xbc\xaf', 'is a 7-Zip archive; unpack it and choose the dataset in it'],
  ['ARROW1', ARROW],
  ['\xff\xff\xff\xff', ARROW],
  ['SQLite format 3', 'is an SQLite database; export the table as CSV'],
  ['\x89PNG', 'is a picture'],
  ['%PDF', 'is a PDF; save its text as a .txt file'],
  ['\x80\x02', PICKLE],
  ['\x80\x03', PICKLE],
  ['\x80\x04', PICKLE],
  ['\x80\x05', PICKLE],
];

function refuseOthers(path: string, head: Uint8Array): void {
  const other = OTHERS.find(([start]) => starts(head, start));
  if (other) throw new VeraError('data', `${path} ${other[1]}`);
  if (starts(head, 'PK\x03\x04')) {
    const sheet = /\.(xlsx|xlsm|ods|docx|odt)$/i.exec(path)?.[1]?.toLowerCase();
    const what =
      sheet === undefined
        ? 'is a ZIP archive; unpack it and choose the dataset in it'
        : sheet.startsWith('x') || sheet === 'ods'
          ? 'is a spreadsheet; save the sheet as CSV'
          : 'is a document; save its text as a .txt file';
    throw new VeraError('data', `${path} ${what}`);
  }
}

/** Unpacks into a temporary file. */
async function unpacked(file: OpenFile, how: 'gzip' | 'zstd'): Promise<OpenFile> {
  const spill = temporarySpill(file.path);
  const limit = Math.max(UNPACKED.always, UNPACKED.times * file.size);
  const into = new Writable({
    write(bytes: Buffer, _encoding, done) {
      try {
        if (spill.file.size + bytes.length > limit)
          throw new VeraError(
            'data',
            `${file.path} unpacks to more than ${UNPACKED.times} times its size and more than ${UNPACKED.always / 1024 / 1024} MiB, as no dataset does; if it is right, unpack it yourself and choose the unpacked file`,
          );
        spill.write(bytes);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  try {
    await pipeline(Readable.from(chunksOf(file)), how === 'gzip' ? createGunzip() : createZstdDecompress(), into);
    return spill.file;
  } catch (cause) {
    closeFile(spill.file);
    if (cause instanceof VeraError) throw cause;
    throw new VeraError(
      'data',
      `${file.path} is damaged ${how}: ${(cause as Error).message}; download or pack it again`,
      {
        cause,
      },
    );
  }
}

function* chunksOf(file: OpenFile): Generator<Buffer> {
  for (let position = 0; position < file.size; position += CHUNK) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, file.size - position));
    readFully(file, chunk, position);
    yield chunk;
  }
}
