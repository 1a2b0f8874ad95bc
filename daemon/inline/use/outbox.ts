import type { Completion } from '../../protocol/completions.ts';

const AT_ONCE = 200; // completions of one call: the most that the protocol allows
const MOST = 2000; // that wait for a daemon; older ones are dropped

/** Completions that the daemon has not counted yet. The latest state of each is sent; what cannot be sent waits for the next time. */
export interface Outbox {
  put(completion: Completion): void;
  /** Sends everything. Throws what `send` throws; then everything that was not sent is still there. */
  flush(): Promise<void>;
  clear(): void;
  readonly size: number;
}

/** Pure. */
export function createOutbox(send: (completions: Completion[]) => Promise<unknown>): Outbox {
  const waiting = new Map<string, Completion>();
  let sending: Promise<void> = Promise.resolve();
  const sendAll = async (): Promise<void> => {
    while (waiting.size > 0) {
      const some = [...waiting.values()].slice(0, AT_ONCE);
      await send(some);
      // One that has changed meanwhile is sent again.
      for (const one of some) if (waiting.get(one.key) === one) waiting.delete(one.key);
    }
  };
  return {
    put: (completion) => {
      waiting.set(completion.key, completion);
      if (waiting.size > MOST) waiting.delete(waiting.keys().next().value!);
    },
    flush: () => {
      sending = sending.catch(() => undefined).then(sendAll);
      return sending;
    },
    clear: () => waiting.clear(),
    get size() {
      return waiting.size;
    },
  };
}
