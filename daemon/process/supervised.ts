import { fork, type StdioOptions } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { VeraError } from '../protocol/errors.ts';
import { bytesText } from '../protocol/text.ts';
import { inbox, outbox, type Packet } from './channel.ts';
import { type BeatOptions, type Health, type HealthLimits, watchHealth } from './health.ts';
import { inspectArguments } from './inspect.ts';

export interface ProcessOptions<Out> {
  /** The file that it runs, as `new URL(PATH, import.meta.url)` with a literal path: the build looks for such expressions. */
  readonly file: URL;
  /** Gets its messages in order. While a promise that it gives is open, the process is held up once a window is full. */
  readonly onMessage?: (message: Out) => void | Promise<void>;
  /** What becomes of its three streams: 'keep': its last output is in `ended`; 'pipe': as 'keep', and stdin and stdout are the caller's. */
  readonly streams: 'keep' | 'pipe' | 'inherit' | 'ignore';
  /** Gets what it writes to stderr, where that is kept. */
  readonly onError?: (text: string) => void;
  /** Watches over it; left out, only its end is noticed. */
  readonly health?: HealthLimits;
  /** Other programs go first, with the processor and when memory runs out. */
  readonly givesWay?: boolean;
  /** A debugger can attach to it where VERA_INSPECT asks for that. */
  readonly inspect?: 'worker' | 'languageServer';
  /** Most messages that may wait to be sent to it; left out, any number. */
  readonly mostWaiting?: number;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** For people: 'its process ended with exit code 3'. */
  readonly reason: string;
  /** The last it wrote, for a log. */
  readonly output: string;
}

export interface SupervisedProcess<In> {
  readonly pid: number | undefined;
  /** With streams 'pipe'. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  /** Resolves when the message is on its way; await it, and a slow process slows its caller down. */
  send(message: In): Promise<void>;
  /** Messages that are not on their way yet. */
  waiting(): number;
  /** Resolves when the process has said that it can work; rejects where it ends before. */
  readonly ready: Promise<void>;
  /** Memory it had at its last heartbeat, in bytes. */
  rssBytes(): number;
  /** Asks it to end in order. */
  stop(): void;
  /** Ends it at once, whatever it does. `reason`: why, where that was not its own fault. */
  kill(reason?: string): void;
  /** Resolves when the process is gone and every message it sent was handled. */
  readonly ended: Promise<Ending>;
}

const OUTPUT_CHARACTERS = 4000; // of what it writes: enough for the end of a stack
/** How long a process may outlive its parent, to end in order. */
const GRACE_MS = 2000;
/** Of 1000, added to Linux's own measure of a process: it is ended before others of its size, and after one that is larger by half of the machine. */
const OOM_SCORE_ADJ = 500;

/**
 * Starts a process of this program and supervises it: messages, heartbeats, limits, and how it ends. Its file calls `toParent`
 * (child.ts), and with that it ends when this process ends. A process that cannot be started ends like any other.
 */
export function startProcess<In, Out>(options: ProcessOptions<Out>): SupervisedProcess<In> {
  const { file, onMessage = () => undefined, streams, health: limits } = options;
  const beats: BeatOptions | undefined = limits && { everyMs: limits.heartbeatMs, graceMs: GRACE_MS };
  const child = fork(fileURLToPath(file), beats === undefined ? [] : [JSON.stringify(beats)], {
    // The arguments of this process (a script on the command line, say) are not meant for it.
    execArgv: options.inspect === undefined ? [] : inspectArguments(options.inspect),
    stdio: stdioOf(streams, limits !== undefined),
    serialization: 'advanced',
    windowsHide: true,
  } as Parameters<typeof fork>[2]);
  if (options.givesWay) giveWay(child.pid);

  let killed: string | undefined;
  let output = '';
  const kill = (reason?: string): void => {
    killed ??= reason;
    child.kill('SIGKILL');
  };
  const write = (packet: Packet<In>): void => {
    if (child.connected) child.send(packet, () => undefined); // a process that is gone is noticed by its end
  };
  const out = outbox<In>(write, options.mostWaiting);
  const into = inbox(onMessage, write);
  const health: Health | undefined = limits && watchHealth(child.stdio[4] as Readable, limits, kill);

  if (streams === 'keep' || streams === 'pipe') {
    const keep = (text: string): string => (output = (output + text).slice(-OUTPUT_CHARACTERS));
    if (streams === 'keep') child.stdout?.on('data', (bytes: Buffer) => keep(bytes.toString()));
    child.stderr?.on('data', (bytes: Buffer) => {
      keep(bytes.toString());
      options.onError?.(bytes.toString());
    });
  }
  const ready = Promise.withResolvers<undefined>();
  ready.promise.catch(() => undefined); // most callers have no use for it
  child.on('message', (packet: Packet<Out>) => {
    health?.heard();
    if ('message' in packet) into.receive(packet.message);
    else if ('handled' in packet) out.handled(packet.handled);
    else if ('ready' in packet) ready.resolve(undefined);
  });
  const ended = new Promise<Ending>((resolve) => {
    const end = async (code: number | null, signal: NodeJS.Signals | null, reason: string): Promise<void> => {
      health?.end();
      await into.empty();
      ready.reject(new VeraError('runtime', reason));
      resolve({ code, signal, reason, output });
    };
    child.on('error', (error) => {
      if (child.pid === undefined) void end(null, null, `its process could not be started: ${error.message}`);
    });
    // 'close' comes after the last message was read, 'exit' may come before.
    child.on('close', (code, signal) => void end(code, signal, killed ?? reasonOf(code, signal, health?.rssBytes())));
  });
  return {
    ...{ pid: child.pid, stdin: child.stdin, stdout: child.stdout, ready: ready.promise, kill, ended },
    send: (message) => out.send(message),
    waiting: () => out.waiting,
    rssBytes: () => health?.rssBytes() ?? 0,
    stop: () => write({ stop: true }),
  };
}

function stdioOf(streams: ProcessOptions<never>['streams'], hasHeartbeat: boolean): StdioOptions {
  const [first, other] = (
    {
      keep: ['ignore', 'pipe'],
      pipe: ['pipe', 'pipe'],
      inherit: ['ignore', 'inherit'],
      ignore: ['ignore', 'ignore'],
    } as const
  )[streams];
  return [first, other, other, 'ipc', ...(hasHeartbeat ? (['pipe'] as const) : [])];
}

/**
 * Lets the daemon, its clients and the person's own programs go first, with the processor and, on Linux, when memory has run
 * out and the system ends a process. On a machine with enough of both it costs nothing.
 */
function giveWay(pid: number | undefined): void {
  if (pid === undefined) return; // it could not be started
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL); // its later threads inherit it
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE_ADJ));
  } catch {
    // It is gone already, or the system does not let us: it works all the same.
  }
}

function reasonOf(code: number | null, signal: NodeJS.Signals | null, rss = 0): string {
  const used = rss > 0 ? ` while it used ${bytesText(rss)}` : '';
  if (signal === 'SIGKILL') return `its process was killed (SIGKILL)${used}: memory probably ran out`;
  if (signal === 'SIGABRT') return `its process gave up (SIGABRT)${used}: memory may have run out`;
  return signal === null ? `its process ended with exit code ${String(code)}` : `its process was ended by ${signal}`;
}
