import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { Shown } from '../../daemon/inline/shown.ts';
import { createTracker, SEEN_MS, type Use } from '../../daemon/inline/use/tracker.ts';
import type { Completion } from '../../daemon/protocol/completions.ts';
import type { App } from '../app.ts';
import { soonest } from '../listing.ts';
import { setting } from '../settings.ts';
import { createOutbox } from './outbox.ts';

/** Watches documents, works out what became of inline completions, and has the daemon count it. */
export interface UseRecorder {
  /** A completion is shown, in a document that is open. */
  readonly shown: (completion: Shown) => void;
  /** Fires when the counts may have changed. */
  readonly onRecorded: vscode.Event<void>;
  /** Forgets what is being followed, so that nothing that was deleted comes back. */
  forget(): void;
  /** Measures and sends what is left. The window is closing. */
  end(): Promise<void>;
}

const SEND_MS = 1000; // after a change, so that several are sent together
const TICK_MS = 1000;

export function registerUse({ context, daemon, log }: App): UseRecorder {
  const session = randomUUID();
  const recorded = new vscode.EventEmitter<void>();
  const outbox = createOutbox(async (completions) => {
    const { counted } = await daemon.call((protocol) => protocol.completions.record, { completions });
    if (counted > 0) recorded.fire();
  });
  const flush = (): Promise<void> =>
    outbox.flush().catch((error: unknown) => log.info(`completions are counted later: ${String(error)}`));
  // A daemon that has ended is not started again only to count.
  const send = soonest(() => {
    if (daemon.state === 'connected') void flush();
  }, SEND_MS);

  const tracker = createTracker((use) => {
    outbox.put(completionOf(use, session));
    send();
  });
  let clock: ReturnType<typeof setInterval> | undefined;
  const tick = (): void => {
    tracker.tick(Date.now());
    if (tracker.waits()) return;
    clearInterval(clock);
    clock = undefined;
  };
  context.subscriptions.push(
    recorded,
    { dispose: () => clearInterval(clock) },
    daemon.onRefresh(send),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      const edits = contentChanges.map(({ rangeOffset, rangeLength, text }) => ({
        ...{ offset: rangeOffset, removed: rangeLength, text },
      }));
      tracker.change(document.uri.toString(), edits, Date.now());
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => tracker.close(uri.toString(), Date.now())),
    // The editor of a file closes before the file is gone: so before it goes.
    vscode.workspace.onWillDeleteFiles(({ files }) => inFiles(files, (uri) => tracker.remove(uri, Date.now()))),
    vscode.workspace.onWillRenameFiles(({ files }) => {
      for (const { oldUri, newUri } of files)
        inFiles([oldUri], (uri) => tracker.rename(uri, newUri.toString() + uri.slice(oldUri.toString().length)));
    }),
  );

  return {
    shown: (completion) => {
      const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === completion.uri);
      if (document === undefined) return;
      tracker.show(completion, document.getText());
      setTimeout(tick, SEEN_MS + 10);
      clock ??= setInterval(tick, TICK_MS);
    },
    onRecorded: recorded.event,
    forget: () => {
      tracker.forget();
      outbox.clear();
    },
    end: async () => {
      tracker.end(Date.now());
      if (outbox.size > 0 && daemon.state === 'connected') await flush();
    },
  };
}

/** Does something for each open document that is one of these files or in one of these folders. */
function inFiles(files: readonly vscode.Uri[], work: (uri: string) => void): void {
  for (const { uri } of vscode.workspace.textDocuments) {
    const text = uri.toString();
    if (files.some((file) => text === file.toString() || text.startsWith(`${file.toString()}/`))) work(text);
  }
}

function completionOf({ shown, kept, ...use }: Use, session: string): Completion {
  const { model, languageId, latencyMs, number, at, text } = shown;
  const { adapter, base } = model;
  const uri = vscode.Uri.parse(shown.uri);
  const file = uri.scheme === 'file' ? uri.fsPath : shown.uri;
  return {
    ...use,
    key: `${session}/${number}`,
    shownAt: at,
    adapter: adapter === null ? null : { id: adapter.id, hash: adapter.hash },
    ...{ base, language: languageId, latencyMs, kept: [...kept] },
    ...(setting('keepTexts', false) ? { text: { shown: text, file } } : {}),
  };
}
