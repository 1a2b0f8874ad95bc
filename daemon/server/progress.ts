import { VeraError } from '../protocol/errors.ts';
import { progressed } from '../protocol/method.ts';
import type { Limits } from './limits.ts';
import type { Send } from './messages.ts';

/** What a request that is under way sends to its client before the answer. Nothing of it is stored. */
export interface Progress {
  /**
   * Sends a value. Resolves when the value is on its way, which is the time to make the next one: for a client that reads slowly
   * it takes as long as the client does. Throws VeraError 'cancelled' where the request is over or the client is gone, and
   * 'runtime' where somebody sends on without waiting.
   */
  readonly send: (value: unknown) => Promise<void>;
  /** Resolves when everything was handed to the socket. */
  readonly sent: () => Promise<void>;
  /** Drops what still waits. */
  readonly end: () => void;
}

/** The notifications of all requests of one client. */
export interface ProgressSender {
  /** Values of one request go out under the number that the client chose for it; undefined: the client wants none. */
  open(token: number | undefined): Progress;
  /** Call it when bytes that were sent have left. */
  goOn(): void;
  close(): void;
}

interface Waiting {
  readonly of: object;
  readonly text: string;
  readonly left: () => void;
  readonly dropped: (error: Error) => void;
}

const over = (): VeraError => new VeraError('cancelled', 'the request is over, or its client is gone');

/**
 * Sends values in the order in which they were made, as fast as the client reads. `isFull`: so much waits in the socket that
 * nothing more should be added.
 */
export function openProgress(send: Send, isFull: () => boolean, { waitingProgress }: Limits): ProgressSender {
  let waiting: Waiting[] = [];
  let closed = false;

  const drop = (mine: (one: Waiting) => boolean): void => {
    const dropped = waiting.filter(mine);
    waiting = waiting.filter((one) => !mine(one));
    for (const one of dropped) one.dropped(over());
  };
  const goOn = (): void => {
    while (waiting.length > 0 && !isFull()) {
      const one = waiting.shift()!;
      send(one.text);
      one.left();
    }
  };
  return {
    open(token) {
      const request = {};
      let ended = false;
      let last: Promise<unknown> = Promise.resolve();
      return {
        send(value) {
          if (closed || ended) return Promise.reject(over());
          if (token === undefined) return Promise.resolve();
          const mine = waiting.reduce((count, one) => count + Number(one.of === request), 0);
          if (mine >= waitingProgress)
            return Promise.reject(
              new VeraError('runtime', `${mine} values wait for a client that reads slowly: wait for each to leave`),
            );
          const params = { token, value };
          const text = JSON.stringify({ jsonrpc: '2.0', method: progressed.name, params });
          const leaves = new Promise<void>((left, dropped) => waiting.push({ of: request, text, left, dropped }));
          last = leaves.catch(() => undefined);
          goOn();
          return leaves;
        },
        async sent() {
          await last;
        },
        end() {
          ended = true;
          drop((one) => one.of === request);
        },
      };
    },
    goOn,
    close() {
      closed = true;
      drop(() => true);
    },
  };
}
