import * as vscode from 'vscode';
import type { Shown } from '../../daemon/inline/shown.ts';
import { createRecorder } from '../../daemon/inline/use/recorder.ts';
import type { App } from '../app.ts';
import { setting } from '../settings.ts';

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

export function registerUse({ context, daemon, log }: App): UseRecorder {
  const recorded = new vscode.EventEmitter<void>();
  const recorder = createRecorder({
    async record(completions) {
      const { counted } = await daemon.call((protocol) => protocol.completions.record, { completions });
      if (counted > 0) recorded.fire();
    },
    isConnected: () => daemon.state === 'connected',
    pathOf(text) {
      const uri = vscode.Uri.parse(text);
      return uri.scheme === 'file' ? uri.fsPath : text;
    },
    keepsTexts: () => setting('keepTexts', false),
    say: (line) => log.info(line),
  });
  context.subscriptions.push(
    recorded,
    daemon.onRefresh(() => recorder.send()),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      const edits = contentChanges.map(({ rangeOffset, rangeLength, text }) => ({
        ...{ offset: rangeOffset, removed: rangeLength, text },
      }));
      recorder.change(document.uri.toString(), edits);
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => recorder.close(uri.toString())),
    // The editor of a file closes before the file is gone: so before it goes.
    vscode.workspace.onWillDeleteFiles(({ files }) => inFiles(files, (uri) => recorder.remove(uri))),
    vscode.workspace.onWillRenameFiles(({ files }) => {
      for (const { oldUri, newUri } of files)
        inFiles([oldUri], (uri) => recorder.rename(uri, newUri.toString() + uri.slice(oldUri.toString().length)));
    }),
  );

  return {
    shown: (completion) => {
      const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === completion.uri);
      if (document !== undefined) recorder.show(completion, document.getText());
    },
    onRecorded: recorded.event,
    forget: () => recorder.forget(),
    end: () => recorder.end(),
  };
}

/** Does something for each open document that is one of these files or in one of these folders. */
function inFiles(files: readonly vscode.Uri[], work: (uri: string) => void): void {
  for (const { uri } of vscode.workspace.textDocuments) {
    const text = uri.toString();
    if (files.some((file) => text === file.toString() || text.startsWith(`${file.toString()}/`))) work(text);
  }
}
