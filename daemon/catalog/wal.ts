import { existsSync } from 'node:fs';
import { readExactly, withFile } from '../formats/read.ts';

/**
 * SQLite's write-ahead log, read without SQLite: a header of 32 bytes, then frames of 24 bytes and a page. Each frame has a
 * checksum over all frames before it. SQLite stops silently at the first frame that does not fit, and loses later commits.
 * So this code reads the log before SQLite sees it (https://www.sqlite.org/fileformat2.html, section 4).
 */
export interface LogState {
  /** Number of frames whose checksums fit. */
  readonly frames: number;
  /** Number of commits among them. */
  readonly commits: number;
  /** Position of the first frame that belongs to this log and does not fit; undefined if all fit. */
  readonly damagedAt?: number;
  /** Number of commits after that position, which SQLite would lose. */
  readonly lost: number;
}

const HEADER = 32;
const FRAME = 24;
const MAGIC = 0x377f0682; // its last bit says in which byte order checksums are computed
const CHUNK_FRAMES = 256;

/** The state of the log beside a database; undefined if there is no log. */
export function inspectLog(database: string): LogState | undefined {
  const file = `${database}-wal`;
  if (!existsSync(file)) return undefined;
  return withFile(file, (fd, size) => {
    if (size === 0) return undefined;
    if (size < HEADER) return { frames: 0, commits: 0, damagedAt: 0, lost: 0 };
    const head = view(readExactly(fd, file, 0, HEADER));
    const magic = head.getUint32(0);
    const little = magic === MAGIC;
    const pageSize = head.getUint32(8) === 1 ? 65_536 : head.getUint32(8);
    const frameBytes = FRAME + pageSize;
    const sum = checksum(head, 0, 24, little, [0, 0]);
    const goodHead =
      (little || magic === MAGIC + 1) &&
      pageSize >= 512 &&
      pageSize <= 65_536 &&
      sum[0] === head.getUint32(24) &&
      sum[1] === head.getUint32(28);
    // Without its header, the log cannot be read, and SQLite drops all of it.
    if (!goodHead) return { frames: 0, commits: 0, damagedAt: 0, lost: size >= HEADER + FRAME + 512 ? 1 : 0 };
    const count = Math.floor((size - HEADER) / frameBytes);
    let [frames, commits, lost] = [0, 0, 0];
    let damagedAt: number | undefined;
    for (let i = 0; i < count; i += CHUNK_FRAMES) {
      const many = Math.min(CHUNK_FRAMES, count - i);
      const bytes = view(readExactly(fd, file, HEADER + i * frameBytes, many * frameBytes));
      for (let k = 0; k < many; k++) {
        const at = k * frameBytes;
        // Frames from an earlier use of the log have other salts; SQLite overwrites them from the front.
        const ours = bytes.getUint32(at + 8) === head.getUint32(16) && bytes.getUint32(at + 12) === head.getUint32(20);
        const commit = bytes.getUint32(at + 4) !== 0;
        if (damagedAt === undefined) {
          checksum(bytes, at, 8, little, sum);
          checksum(bytes, at + FRAME, pageSize, little, sum);
          if (ours && sum[0] === bytes.getUint32(at + 16) && sum[1] === bytes.getUint32(at + 20)) {
            frames++;
            if (commit) commits++;
            continue;
          }
          damagedAt = HEADER + (i + k) * frameBytes;
        }
        if (ours && commit && bytes.getUint32(at) !== 0) lost++;
      }
    }
    const torn = damagedAt !== undefined && lost > 0;
    return { frames, commits, ...(torn ? { damagedAt: damagedAt! } : {}), lost };
  });
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Fletcher's checksum over pairs of 32-bit words, as SQLite computes it. Adds to `sum` and returns it. */
function checksum(
  data: DataView,
  at: number,
  length: number,
  little: boolean,
  sum: [number, number],
): [number, number] {
  let [s0, s1] = sum;
  for (let i = at; i < at + length; i += 8) {
    s0 = (s0 + data.getUint32(i, little) + s1) >>> 0;
    s1 = (s1 + data.getUint32(i + 4, little) + s0) >>> 0;
  }
  sum[0] = s0;
  sum[1] = s1;
  return sum;
}
