import type { Encoding } from '../encodings.ts';
import { closeFile, type OpenFile, readFully } from './file.ts';
import { temporarySpill } from './spill.ts';

const CHUNK = 4 * 1024 * 1024;

/** The encoding that the first bytes of a file show: a mark of UTF-16, or a zero in every other byte. */
export function shownEncoding(head: Uint8Array): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const pairs = Math.min(8, head.length >> 1);
  const zeros = (from: number): boolean =>
    pairs >= 2 && Array.from({ length: pairs }, (_, i) => head[2 * i + from]).every((byte) => byte === 0);
  const some = head.subarray(0, 2 * pairs).some((byte) => byte !== 0);
  if (some && zeros(1)) return 'utf-16le';
  return some && zeros(0) ? 'utf-16be' : undefined;
}

/** The same text as UTF-8, in a temporary file. Memory: one chunk. */
export function asUtf8(file: OpenFile, encoding: Encoding): OpenFile {
  const spill = temporarySpill(file.path);
  try {
    const decoder = new TextDecoder(encoding);
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, file.size)));
    for (let position = 0; position < file.size; position += chunk.length) {
      const data = chunk.subarray(0, Math.min(chunk.length, file.size - position));
      readFully(file, data, position);
      spill.write(Buffer.from(decoder.decode(data, { stream: true })));
    }
    spill.write(Buffer.from(decoder.decode()));
    return spill.file;
  } catch (error) {
    closeFile(spill.file);
    throw error;
  }
}
