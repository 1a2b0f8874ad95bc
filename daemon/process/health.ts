import type { Readable } from 'node:stream';
import { bytesText, durationText } from '../protocol/text.ts';

/** What a process must do to be left alone. Each limit is optional; a process that breaks one is killed. */
export interface HealthLimits {
  /** Time between two heartbeats. */
  readonly heartbeatMs: number;
  /** Longest time without a heartbeat. */
  readonly silenceMs?: number;
  /** Longest time in which it neither sends a message nor computes. */
  readonly stallMs?: number;
  /** Most memory it may have. */
  readonly memoryBytes?: number;
}

/** What the heartbeat's thread is started with. */
export interface BeatOptions {
  readonly everyMs: number;
  /** How long the process may outlive its parent, to end in order. */
  readonly graceMs: number;
}

/** The pipe of the heartbeats; 3 is the channel of messages. */
export const HEARTBEAT_FD = 4;

/** Processor time that counts as a sign of work. */
const WORK_MS = 500;
/** The first heartbeat may take so long: the process is still being loaded. */
const LOADING_MS = 60_000;

export interface Health {
  /** Memory at the last heartbeat, in bytes. */
  rssBytes(): number;
  /** A message came. */
  heard(): void;
  end(): void;
}

/** Reads the heartbeats of a process and calls `kill` with the reason when it breaks a limit. */
export function watchHealth(beats: Readable, limits: HealthLimits, kill: (reason: string) => void): Health {
  const { heartbeatMs, silenceMs = Infinity, stallMs = Infinity, memoryBytes = Infinity } = limits;
  let [rss, cpu, silent, idle, line] = [0, 0, 0, 0, ''];
  let allowance = Math.max(silenceMs, LOADING_MS);
  beats
    .on('error', () => undefined) // its end is noticed elsewhere
    .on('data', (text: Buffer) => {
      silent = 0;
      allowance = silenceMs;
      const lines = (line + text.toString()).split('\n');
      line = lines.pop() ?? '';
      const [bytes, worked] = (lines.at(-1) ?? '').split(' ').map(Number);
      if (bytes === undefined || worked === undefined) return;
      rss = bytes;
      if (rss > memoryBytes)
        kill(`it used ${bytesText(rss)} of memory, more than the ${bytesText(memoryBytes)} allowed, and was ended`);
      if (worked - cpu < WORK_MS) return;
      [cpu, idle] = [worked, 0];
    });
  // Counted in ticks rather than read off a clock: neither a clock that jumps nor a parent that was suspended is silence.
  const watch = setInterval(() => {
    silent += heartbeatMs;
    idle += heartbeatMs;
    if (silent > allowance) kill(`it gave no sign of life for ${durationText(allowance / 1000)} and was ended`);
    else if (idle > stallMs) kill(`it did nothing for ${durationText(stallMs / 1000)} and was ended`);
  }, heartbeatMs);
  return { rssBytes: () => rss, heard: () => (idle = 0), end: () => clearInterval(watch) };
}
