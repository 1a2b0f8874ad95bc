import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { logsFolder } from '../home.ts';
import { LOG_FILE, LOG_FILES_KEPT } from '../life/logFiles.ts';

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** The newest lines of the daemon's log as a person reads them, and the folder that it is in. */
export function daemonLog(lines: number): { folder: string; text: string } {
  const folder = logsFolder();
  return { folder, text: lastLines(folder, lines).map(readable).join('\n') };
}

/** A line of the log as a person reads it: time, level, what happened, the rest. */
export function readable(line: string): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return plain(line); // a write that was cut
  }
  const { time, level, msg, pid: _pid, err, ...rest } = fields;
  const date = new Date(Number(time));
  const parts = [
    Number.isNaN(date.getTime()) ? '' : date.toISOString().replace('T', ' ').replace('Z', ''),
    (LEVELS[Number(level)] ?? '').padEnd(5),
    typeof msg === 'string' ? plain(msg) : '',
    ...Object.entries(rest).map(
      ([key, value]) => `${key}=${plain(typeof value === 'string' ? value : JSON.stringify(value))}`,
    ),
  ];
  const stack = (err as { stack?: unknown } | undefined)?.stack;
  const trace = typeof stack === 'string' ? stack.split('\n').map((part) => `\n    ${plain(part)}`) : [];
  return parts.filter((part) => part !== '').join('  ') + trace.join('');
}

/** One line, without control characters. */
const plain = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, ' ').trim();

const CHUNK = 65_536; // bytes
const POLL_MS = 250;

/** The last `count` lines of the daemon's log, oldest first, from as many files as needed. */
export function lastLines(folder: string, count: number): string[] {
  let lines: string[] = [];
  for (let i = 0; i <= LOG_FILES_KEPT && lines.length < count; i++) {
    lines = [...linesFromEnd(join(folder, i === 0 ? LOG_FILE : `${LOG_FILE}.${i}`), count - lines.length), ...lines];
  }
  return lines;
}

/** Reads a file backwards until it has enough lines. */
function linesFromEnd(file: string, count: number): string[] {
  const fd = openIfThere(file);
  if (fd === undefined || count <= 0) return [];
  try {
    let bytes = Buffer.alloc(0);
    for (let start = fstatSync(fd).size; start > 0;) {
      const from = Math.max(0, start - CHUNK);
      const piece = Buffer.alloc(start - from);
      readSync(fd, piece, 0, piece.length, from);
      bytes = Buffer.concat([piece, bytes]);
      start = from;
      if (bytes.filter((byte) => byte === 10).length > count) break;
    }
    return bytes
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .slice(-count);
  } finally {
    closeSync(fd);
  }
}

/** Calls `on` with each line written from now on until the signal, also after the files have rotated. */
export async function followLines(folder: string, on: (line: string) => void, signal: AbortSignal): Promise<void> {
  const file = join(folder, LOG_FILE);
  let fd = openIfThere(file);
  let at = fd === undefined ? 0 : fstatSync(fd).size;
  let rest = '';
  const decoder = new TextDecoder();
  const readOn = (): void => {
    const piece = Buffer.alloc(CHUNK);
    for (let read = 1; fd !== undefined && read > 0; at += read) {
      read = readSync(fd, piece, 0, CHUNK, at);
      const lines = (rest + decoder.decode(piece.subarray(0, read), { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(on);
    }
  };
  while (!signal.aborted) {
    readOn();
    if (fd === undefined || statSync(file, { throwIfNoEntry: false })?.ino !== fstatSync(fd).ino) {
      const next = openIfThere(file);
      if (next !== undefined) {
        readOn(); // lines written between the last look and the rotation
        if (fd !== undefined) closeSync(fd);
        fd = next;
        at = 0;
        continue;
      }
    }
    await setTimeout(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  if (fd !== undefined) closeSync(fd);
}

function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
