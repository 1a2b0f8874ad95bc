import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ErrorCode } from '../protocol/errors.ts';
import type { FromWorker, Outcome, ToWorker } from './messages.ts';

export interface WatchOptions {
  /** Time between two heartbeats. */
  readonly heartbeatMs: number;
  /** A worker silent for so long is killed. */
  readonly silenceMs: number;
  /** A worker that says nothing and computes nothing for so long is killed. */
  readonly stallMs: number;
}

/** How a worker's process ended. */
export type Ended =
  | { readonly how: 'done'; readonly outcome: Outcome }
  | { readonly how: 'stopped' }
  | { readonly how: 'error'; readonly code: ErrorCode; readonly message: string; readonly stack: string }
  /** It died. `reason`: how, for people; `output`: the last it wrote, for the log. */
  | { readonly how: 'crashed'; readonly reason: string; readonly output: string };

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Memory it had at its last heartbeat, in bytes. */
  rssBytes(): number;
  go(): void;
  stop(): void;
  /** Ends it at once, whatever it does. `reason`: why, where that was not its own fault. */
  kill(reason: string): void;
  /** Resolves when the process is gone and everything it sent was read. */
  readonly ended: Promise<Ended>;
}

const OUTPUT_CHARACTERS = 4000; // of what it writes: enough for the end of a stack
/** Processor time that counts as a sign of work. */
const WORK_MS = 500;
/** A worker that has not said anything yet may take so long: it is still being loaded. */
const LOADING_MS = 60_000;
/** How long a worker may outlive its daemon, to end in order. */
const GRACE_MS = 2000;

/** Of 1000, to what Linux makes of a process's memory: before others of its size, after one that takes half of the machine more. */
const OOM_SCORE_ADJ = 500;

/**
 * Lets the daemon, its clients and the person's own programs go first, with the processor and, on Linux, when memory has run
 * out and the system ends a process; on a machine with enough of both it costs nothing.
 */
function giveWay(pid: number | undefined): void {
  if (pid === undefined) return; // it could not be started, which is told elsewhere
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL); // its later threads inherit it
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE_ADJ));
  } catch {
    // It is gone already, or the system does not let us: it works all the same.
  }
}

/** Starts the process of an attempt and watches over it. */
export function startWorker(
  start: Extract<ToWorker, { type: 'start' }>,
  on: (message: FromWorker) => void,
  { heartbeatMs, silenceMs, stallMs }: WatchOptions,
): WorkerProcess {
  const child = fork(
    fileURLToPath(new URL('./jobWorker.ts', import.meta.url)),
    [String(heartbeatMs), String(GRACE_MS)],
    {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
      serialization: 'advanced',
    },
  );
  giveWay(child.pid);
  let [rss, cpu, silent, idle, output] = [0, 0, 0, 0, ''];
  let allowance = Math.max(silenceMs, LOADING_MS);
  let last: Ended | undefined;
  let killed: string | undefined;
  const kill = (reason: string): void => {
    killed ??= reason;
    child.kill('SIGKILL');
  };
  const send = (message: ToWorker): void => {
    if (child.connected) child.send(message, () => undefined); // one that is gone is heard of by its end
  };

  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-OUTPUT_CHARACTERS)));
  let line = '';
  const beats = child.stdio[4] as Readable | null | undefined;
  beats
    ?.on('error', () => undefined)
    .on('data', (text: Buffer) => {
      silent = 0;
      allowance = silenceMs;
      const lines = (line + text.toString()).split('\n');
      line = lines.pop() ?? '';
      const [bytes, worked] = (lines.at(-1) ?? '').split(' ').map(Number);
      if (bytes === undefined || worked === undefined) return;
      rss = bytes;
      if (worked - cpu < WORK_MS) return;
      [cpu, idle] = [worked, 0];
    });
  // Counted in ticks rather than read off a clock: neither a clock that jumps nor a daemon that was suspended is silence.
  const watch = setInterval(() => {
    silent += heartbeatMs;
    idle += heartbeatMs;
    if (silent > allowance) kill(`it gave no sign of life for ${seconds(allowance)} and was ended`);
    else if (idle > stallMs) kill(`it did nothing for ${seconds(stallMs)} and was ended`);
  }, heartbeatMs);

  const ended = new Promise<Ended>((resolve) => {
    const end = (how: Ended): void => {
      clearInterval(watch);
      resolve(how);
    };
    child.on('message', (message: FromWorker) => {
      idle = 0;
      if (message.type === 'done') last = { how: 'done', outcome: message.outcome };
      else if (message.type === 'stopped') last = { how: 'stopped' };
      else if (message.type === 'error') last = { how: 'error', ...message };
      else on(message);
    });
    child.on('error', (error) => {
      if (child.pid === undefined)
        end({ how: 'crashed', reason: `its process could not be started: ${error.message}`, output });
    });
    // 'close' comes after the last message was read, 'exit' may come before.
    child.on('close', (code, signal) =>
      end(last ?? { how: 'crashed', reason: killed ?? howOf(code, signal, rss), output }),
    );
  });
  send(start);
  return {
    ...{ pid: child.pid, rssBytes: () => rss, ended, kill },
    go: () => send({ type: 'go' }),
    stop: () => send({ type: 'stop' }),
  };
}

function howOf(code: number | null, signal: NodeJS.Signals | null, rss: number): string {
  if (signal === 'SIGKILL')
    return `its process was killed (SIGKILL) with ${megabytes(rss)} in use: memory probably ran out`;
  if (signal === 'SIGABRT')
    return `its process gave up (SIGABRT) with ${megabytes(rss)} in use: memory may have run out`;
  return signal === null ? `its process ended with exit code ${String(code)}` : `its process was ended by ${signal}`;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
