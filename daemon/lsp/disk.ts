import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { firstBadByte } from '../data/readers/byte-rows.ts';
import type { About } from './diagnostics.ts';

/** What an editor hides of a file's bytes. */
export type Disk = About['disk'];

export const NO_DISK: Disk = { mark: false, utf16: false, bad: [] };

const CHUNK = 4 * 1024 * 1024;
/** Lines that are not UTF-8 are listed up to this many; a file with more is in another encoding altogether. */
const MOST_BAD = 100;
/** A line of a foreign file is not gathered beyond this. */
const LONGEST = 64 * 1024 * 1024;

/**
 * Looks at the bytes of a file: a byte-order mark, UTF-16, and (where `lines` is true) which lines are not UTF-8. An editor
 * shows the document without the mark and with U+FFFD for what it could not read. A file that cannot be read tells nothing.
 */
export async function diskOf(path: string, lines: boolean): Promise<Disk> {
  let file;
  try {
    file = await open(path, 'r');
    if (!(await file.stat()).isFile()) return NO_DISK;
    const head = Buffer.alloc(3);
    const { bytesRead } = await file.read(head, 0, 3, 0);
    const mark = bytesRead === 3 && head.equals(Buffer.from([0xef, 0xbb, 0xbf]));
    const utf16 = bytesRead >= 2 && ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff));
    const bad: { line: number; message: string }[] = [];
    if (lines && !utf16) {
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
    return { mark, utf16, bad };
  } catch {
    return NO_DISK;
  } finally {
    await file?.close();
  }
}

/** Adds the lines of `bytes` that are not UTF-8; returns the number of the line after them. */
function judge(bytes: Buffer, first: number, bad: { line: number; message: string }[]): number {
  let line = first;
  const whole = isUtf8(bytes);
  for (let from = 0; from < bytes.length; line++) {
    const next = bytes.indexOf(0x0a, from);
    const end = next < 0 ? bytes.length : next;
    if (!whole && bad.length < MOST_BAD && !isUtf8(bytes.subarray(from, end))) {
      bad.push({ line, message: `not UTF-8 (${firstBadByte(bytes.subarray(from, end))}); save the file as UTF-8` });
    }
    from = end + 1;
  }
  return line;
}
