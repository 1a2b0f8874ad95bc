import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { firstBadByte } from '../data/readers/utf8.ts';
import type { About } from './diagnostics.ts';

/** What an editor does not show of a file's bytes. */
export type Disk = About['disk'];

export const NO_DISK: Disk = { mark: false, utf16: false, bad: [], lossy: false };

const REOPEN =
  'reopen the file with its own encoding (often Western, Windows-1252), then save it as UTF-8. Until then no fixes are offered, because saving would lose characters';

const CHUNK = 4 * 1024 * 1024;
/** At most this many lines that are not UTF-8 are listed. A file with more has another encoding altogether. */
const MOST_BAD = 100;
/** Bytes of a line that are kept in memory at most. */
const LONGEST = 64 * 1024 * 1024;

/**
 * Looks for a byte-order mark, for UTF-16 and, if `doubtful` is true, for lines that are not UTF-8. An editor shows the document
 * without the mark, and with U+FFFD for bytes that it could not read; `doubtful` says that its text has that character. For a
 * file that cannot be read, nothing is reported.
 */
export async function diskOf(path: string, doubtful: boolean): Promise<Disk> {
  let file;
  try {
    file = await open(path, 'r');
    if (!(await file.stat()).isFile()) return NO_DISK;
    const head = Buffer.alloc(3);
    const { bytesRead } = await file.read(head, 0, 3, 0);
    const mark = bytesRead === 3 && head.equals(Buffer.from([0xef, 0xbb, 0xbf]));
    const utf16 = bytesRead >= 2 && ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff));
    const bad: { line: number; message: string }[] = [];
    if (doubtful && !utf16) {
      let rest = Buffer.alloc(0);
      let line = 0;
      for (let position = 0; bad.length < MOST_BAD && rest.length < LONGEST;) {
        const chunk = Buffer.allocUnsafe(CHUNK);
        const { bytesRead: got } = await file.read(chunk, 0, CHUNK, position);
        const data = Buffer.concat([rest, chunk.subarray(0, got)]);
        const end = got === 0 ? data.length : data.lastIndexOf(0x0a) + 1;
        line = judge(data.subarray(0, end), line, bad);
        rest = data.subarray(end);
        position += got;
        if (got === 0) break;
      }
    }
    return { mark, utf16, bad, lossy: doubtful && (utf16 || bad.length > 0) };
  } catch {
    return NO_DISK;
  } finally {
    await file?.close();
  }
}

/** Adds the lines of `bytes` that are not UTF-8. Returns the number of the line after the last one. */
function judge(bytes: Buffer, first: number, bad: { line: number; message: string }[]): number {
  let line = first;
  const whole = isUtf8(bytes);
  for (let from = 0; from < bytes.length; line++) {
    const next = bytes.indexOf(0x0a, from);
    const end = next < 0 ? bytes.length : next;
    if (!whole && bad.length < MOST_BAD && !isUtf8(bytes.subarray(from, end))) {
      bad.push({ line, message: `not UTF-8 (${firstBadByte(bytes.subarray(from, end))}); ${REOPEN}` });
    }
    from = end + 1;
  }
  return line;
}
