/**
 * Messages between a process and its parent, with backpressure: at most WINDOW messages are on their way, and the sender keeps
 * the others until the receiver says that it has handled some. So a receiver that is slow, or does not read at all, never has
 * more than a window to hold, and a sender that awaits `send` goes as fast as its messages are handled.
 */
import { VeraError } from '../protocol/errors.ts';

/** Messages sent and not yet handled. */
export const WINDOW = 256;
/** The receiver reports after so many; fewer than WINDOW, so the sender never waits for a report that does not come. */
const REPORT = 64;

/** What goes through the pipe, in both directions. */
export type Packet<M> =
  | { readonly message: M }
  /** So many more messages have been handled. */
  | { readonly handled: number }
  /** From the process: it can work now. */
  | { readonly ready: true }
  /** To the process: end in order. */
  | { readonly stop: true };

export interface Outbox<M> {
  /** Resolves when the message is on its way. Throws VeraError 'runtime' where more than `most` messages wait already. */
  send(message: M): Promise<void>;
  /** The receiver has handled so many. */
  handled(count: number): void;
  /** Messages that are not on their way yet. */
  readonly waiting: number;
  /** Resolves when nothing waits any more. */
  empty(): Promise<void>;
}

/** most: how many messages may wait here. */
export function outbox<M>(write: (packet: Packet<M>) => void, most = Infinity): Outbox<M> {
  const queue: { message: M; sent: () => void }[] = [];
  const listeners: (() => void)[] = [];
  let onTheirWay = 0;
  const pump = (): void => {
    while (queue.length > 0 && onTheirWay < WINDOW) {
      const { message, sent } = queue.shift()!;
      onTheirWay++;
      write({ message });
      sent();
    }
    if (queue.length === 0) for (const listener of listeners.splice(0)) listener();
  };
  return {
    async send(message) {
      if (queue.length >= most)
        throw new VeraError('runtime', `the process does not take its messages: ${most} wait already`);
      const sent = new Promise<void>((resolve) => queue.push({ message, sent: resolve }));
      pump();
      return sent;
    },
    handled(count) {
      onTheirWay -= count;
      pump();
    },
    get waiting() {
      return queue.length;
    },
    empty: () => new Promise((resolve) => (queue.length === 0 ? resolve() : listeners.push(resolve))),
  };
}

export interface Inbox<M> {
  receive(message: M): void;
  /** Resolves when every message received so far has been handled. */
  empty(): Promise<void>;
}

/** Handles messages one after the other, in order; where `handle` gives a promise, the next one waits for it. */
export function inbox<M>(
  handle: (message: M) => void | Promise<void>,
  write: (packet: { readonly handled: number }) => void,
): Inbox<M> {
  const queue: M[] = [];
  let unreported = 0;
  let working: Promise<void> | undefined;
  const done = (): void => {
    if (++unreported < REPORT) return;
    write({ handled: unreported });
    unreported = 0;
  };
  const work = async (first: Promise<void>): Promise<void> => {
    await first;
    done();
    for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
      await handle(message);
      done();
    }
    working = undefined;
  };
  return {
    receive(message) {
      if (working !== undefined) {
        queue.push(message);
        return;
      }
      const handled = handle(message);
      if (handled instanceof Promise) working = work(handled);
      else done();
    },
    empty: () => working ?? Promise.resolve(),
  };
}
