import { writeSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { createStream } from 'rotating-file-stream';
import type { RotatingFileStream } from 'rotating-file-stream';
import { makeFolder } from '../formats/folder.ts';
import { LOG_FILE, LOG_FILES_KEPT } from './logFiles.ts';

const SIZE = 5_000_000; // bytes per file, enough for some weeks
const MAX_BACKLOG = 8_000_000; // bytes; the most memory for lines that the disk does not accept
const REOPEN_MS = 30_000; // for example after the disk was full

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Log {
  readonly logger: Logger;
  /** Resolves when the system has received all lines. */
  end(): Promise<void>;
}

/**
 * The daemon's log: JSON lines in `folder`, in files of limited size and number that only the user can read. Texts in `secrets`
 * are never written. If the disk refuses lines, they are lost, and the daemon continues.
 */
export function openLog(
  folder: string,
  { level, secrets, size = SIZE }: { level: LogLevel; secrets: readonly string[]; size?: number },
): Log {
  makeFolder(folder, 0o700);
  let stream = open(folder, size);
  let opened = performance.now();
  let lost = 0;
  const write = (line: string): void => {
    if (stream.destroyed && performance.now() - opened > REOPEN_MS) {
      stream = open(folder, size);
      opened = performance.now();
    }
    if (stream.destroyed || stream.writableLength > MAX_BACKLOG) {
      lost++;
      return;
    }
    if (lost > 0)
      stream.write(JSON.stringify({ level: 40, time: Date.now(), msg: `${lost} lines of this log were lost` }) + '\n');
    lost = 0;
    stream.write(secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line));
  };
  const logger = pino(
    { level, base: { pid: process.pid }, redact: ['token', '*.token', '*.authorization', '*.*.authorization'] },
    { write },
  );
  return { logger, end: () => ended(stream) };
}

function open(folder: string, size: number): RotatingFileStream {
  const stream = createStream(LOG_FILE, {
    path: folder.endsWith(sep) ? folder : join(folder, sep),
    size: `${size}B`,
    rotate: LOG_FILES_KEPT,
    mode: 0o600,
  });
  const say = (error: Error): void => {
    try {
      writeSync(2, `vera daemon: the log in ${folder} cannot be written: ${error.message}\n`);
    } catch {
      // there is no place left to report it
    }
  };
  stream.on('error', say);
  stream.on('warning', say);
  return stream;
}

function ended(stream: RotatingFileStream): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('close', resolve).once('error', () => resolve());
    stream.end(() => resolve());
  });
}
