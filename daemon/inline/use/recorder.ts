/** Has the daemon count what became of inline completions. It knows no editor: documents and their edits are told to it. */
import { randomUUID } from 'node:crypto';
import type { Completion } from '../../protocol/completions.ts';
import type { Shown } from '../shown.ts';
import type { Edit } from './edit.ts';
import { createOutbox } from './outbox.ts';
import { createTracker, SEEN_MS, type Tracker, type Use } from './tracker.ts';

export interface Recorder extends Pick<Tracker, 'rename'> {
  /** A completion is shown in a document that has this text. */
  show(shown: Shown, text: string): void;
  /** Edits of a document, each after the one before. */
  change(uri: string, edits: readonly Edit[]): void;
  close(uri: string): void;
  remove(uri: string): void;
  /** Sends what waits, soon. */
  send(): void;
  /** Forgets what is being followed, so that nothing that was deleted comes back. */
  forget(): void;
  /** Measures what is left and sends it. Never throws. */
  end(): Promise<void>;
}

export interface RecorderOptions {
  /** Asks the daemon to count them. */
  readonly record: (completions: Completion[]) => Promise<unknown>;
  /** Whether a daemon is there: none is started only to count. */
  readonly isConnected: () => boolean;
  /** The path of a document, for a person who keeps texts. */
  readonly pathOf: (uri: string) => string;
  /** Whether this person keeps texts. */
  readonly keepsTexts: () => boolean;
  /** Gets what kept the daemon from counting. */
  readonly say: (line: string) => void;
}

const SEND_MS = 1000; // after a change, so that several are sent together
const TICK_MS = 1000;

export function createRecorder({ record, isConnected, pathOf, keepsTexts, say }: RecorderOptions): Recorder {
  const session = randomUUID();
  const outbox = createOutbox(record);
  const flush = async (): Promise<void> => {
    if (outbox.size === 0 || !isConnected()) return;
    await outbox.flush().catch((error: unknown) => say(`completions are counted later: ${String(error)}`));
  };
  let sending: ReturnType<typeof setTimeout> | undefined;
  const send = (): void => {
    sending ??= setTimeout(() => {
      sending = undefined;
      void flush();
    }, SEND_MS);
  };
  const tracker = createTracker((use) => {
    outbox.put(completionOf(use));
    send();
  });
  let clock: ReturnType<typeof setInterval> | undefined;
  const stopClock = (): void => {
    clearInterval(clock);
    clock = undefined;
  };
  const tick = (): void => {
    tracker.tick(Date.now());
    if (!tracker.waits()) stopClock();
  };

  function completionOf({ shown, kept, ...use }: Use): Completion {
    const { model, languageId, latencyMs, number, at, text } = shown;
    const { adapter, base } = model;
    return {
      ...use,
      key: `${session}/${number}`,
      shownAt: at,
      adapter: adapter === null ? null : { id: adapter.id, hash: adapter.hash },
      ...{ base, language: languageId, latencyMs, kept: [...kept] },
      ...(keepsTexts() ? { text: { shown: text, file: pathOf(shown.uri) } } : {}),
    };
  }

  return {
    show(shown, text) {
      tracker.show(shown, text);
      setTimeout(tick, SEEN_MS + 10);
      clock ??= setInterval(tick, TICK_MS);
    },
    change: (uri, edits) => tracker.change(uri, edits, Date.now()),
    close: (uri) => tracker.close(uri, Date.now()),
    remove: (uri) => tracker.remove(uri, Date.now()),
    rename: (from, to) => tracker.rename(from, to),
    send,
    forget() {
      tracker.forget();
      outbox.clear();
    },
    async end() {
      tracker.end(Date.now());
      stopClock();
      clearTimeout(sending);
      await flush();
    },
  };
}
