/** What a supervised process (supervised.ts) does for its parent: it sends messages, shows that it is alive, and ends with it. */
import { Worker } from 'node:worker_threads';
import { type ErrorFacts, errorOfFacts, factsOf, memoryError, VeraError } from '../protocol/errors.ts';
import { inbox, outbox, type Packet } from './channel.ts';
import type { BeatOptions } from './health.ts';

export interface Parent<Out> {
  /** Resolves when the message is on its way; whoever awaits it goes as fast as the parent handles messages. */
  send(message: Out): Promise<void>;
  /** Says that this process can work now. */
  ready(): void;
  /** Ends this process once everything is sent, with `last` as its last message. */
  finish(last?: Out): void;
  /** Aborted when this process should end in order. */
  readonly stop: AbortSignal;
}

/**
 * Connects this process with the one that started it. It ends when its parent ends: without one, nobody reads what it does, and
 * another process may be about to continue its work. It leaves Ctrl-C to the parent, which a terminal tells as well.
 */
export function toParent<In, Out>(onMessage: (message: In) => void | Promise<void> = () => undefined): Parent<Out> {
  const stop = new AbortController();
  const write = (packet: Packet<Out>, sent?: () => void): void => {
    const after = (error: Error | null): void => {
      if (error) process.exit(1);
      sent?.();
    };
    if (process.connected) process.send?.(packet, undefined, undefined, after);
    else process.exit(1);
  };
  const out = outbox<Out>(write);
  const into = inbox(onMessage, write);

  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => stop.abort());
  process.on('disconnect', () => process.exit(1));
  process.on('message', (packet: Packet<In>) => {
    if ('message' in packet) into.receive(packet.message);
    else if ('handled' in packet) out.handled(packet.handled);
    else if ('stop' in packet) stop.abort();
  });
  const beats = process.argv[2];
  if (beats !== undefined) {
    const workerData = JSON.parse(beats) as BeatOptions;
    new Worker(new URL('./heartbeat.ts', import.meta.url), { workerData }).unref();
  }
  return {
    stop: stop.signal,
    send: (message) => out.send(message),
    ready: () => write({ ready: true }),
    finish(last) {
      if (last !== undefined) void out.send(last);
      void out.empty().then(() => write({ handled: 0 }, () => process.exit(0))); // written after all others, so they are out too
    },
  };
}

/** An error as a message, for the parent. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly error: ErrorFacts;
  /** False for an error that nobody foresaw. */
  readonly known: boolean;
  readonly stack: string;
}

export function errorMessage(thrown: unknown): ErrorMessage {
  const error = memoryError(thrown) ?? (thrown instanceof Error ? thrown : new Error(String(thrown)));
  const cause = error.cause instanceof Error ? `\n${String(error.cause.stack)}` : '';
  const stack = `${error.stack ?? error.message}${cause}`;
  if (error instanceof VeraError) return { type: 'error', error: factsOf(error), known: true, stack };
  // A system call that the code around it did not explain, such as a full disk, or something of onnxruntime.
  const isSystem = 'syscall' in error;
  const facts = { code: isSystem ? 'io' : 'runtime', message: error.message } as const;
  return { type: 'error', error: facts, known: isSystem, stack };
}

/** The error of a message, in the parent. */
export function errorOf({ error: facts, known, stack }: ErrorMessage): Error {
  const error = known ? errorOfFacts(facts) : new Error(facts.message);
  error.stack = stack;
  return error;
}
