import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { App } from '../app.ts';
import { LANGUAGES } from '../contributions.ts';
import { likelyBase } from '../tuning/bases.ts';
import { changesSetting, daemonArgs, setting } from '../settings.ts';
import { keep, type Session } from './keeping.ts';

const isDataset = ({ languageId, uri }: vscode.TextDocument): boolean =>
  uri.scheme === 'file' && (LANGUAGES as readonly string[]).includes(languageId);
const isDatasetOpen = (): boolean => vscode.workspace.textDocuments.some(isDataset);

/** Checks datasets in the editor with a language server of the daemon's, from the first dataset on that is opened. */
export function registerLanguageClient(app: App): void {
  const { context, log } = app;
  let over: AbortController | undefined;
  const begin = (): void => {
    if (over !== undefined || !setting('datasetCheck', true)) return;
    over = new AbortController();
    const { signal } = over;
    const open = (how: { start: boolean }): Promise<Session> => connect(app, how, signal);
    void keep({ open, say: (line) => log.warn(line), over: signal, onNeeded }).catch((error: unknown) =>
      log.error(`datasets are not checked: ${String(error)}`),
    );
  };
  const end = (): void => {
    over?.abort();
    over = undefined;
  };
  context.subscriptions.push(
    vscode.workspace.onDidOpenTextDocument((document) => (isDataset(document) ? begin() : undefined)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!changesSetting(event, 'datasetCheck')) return;
      if (!setting('datasetCheck', true)) end();
      else if (isDatasetOpen()) begin();
    }),
    { dispose: end },
  );
  if (isDatasetOpen()) setTimeout(begin, 0);
}

function onNeeded(listener: () => void): () => void {
  const call = (document: vscode.TextDocument): void => (isDataset(document) ? listener() : undefined);
  const both = [
    vscode.workspace.onDidOpenTextDocument(call),
    vscode.workspace.onDidChangeTextDocument(({ document }) => call(document)),
  ];
  return () => both.forEach((one) => void one.dispose());
}

/** Checks until the connection breaks or `over`. */
async function connect(app: App, { start }: { start: boolean }, over: AbortSignal): Promise<Session> {
  const [{ connectLanguage }, { createLanguageClient, settingsChanged }] = await Promise.all([
    app.daemon.protocol(),
    import('./lazy.ts'),
  ]);
  const connection = await connectLanguage({ start, daemonArgs: daemonArgs() });
  if (over.aborted) connection.close();
  over.throwIfAborted();
  const settings = (): object => ({ base: likelyBase(app), length: setting('datasetLength', 512) });
  const client = createLanguageClient({ connection, languages: LANGUAGES, log: app.log, settings });
  const dispose = (): Promise<void> =>
    client
      .dispose()
      .catch(() => undefined)
      .finally(() => connection.close());
  try {
    await client.start();
  } catch (error) {
    void dispose();
    throw error;
  }
  app.log.info('datasets are checked');
  const watching = watchSettings(client, settings, settingsChanged);
  const aborted = (): void => void dispose();
  over.addEventListener('abort', aborted);
  void connection.closed.then(() => {
    watching.dispose();
    over.removeEventListener('abort', aborted);
    // The client notices it too, and is done with it by then.
    if (!over.aborted) setTimeout(() => void dispose(), 0);
  });
  return connection;
}

/** Tells the server of other settings. The base that is likely is no setting alone: it is looked at when an editor is chosen. */
function watchSettings(
  client: LanguageClient,
  settings: () => object,
  tell: (client: LanguageClient) => Promise<void>,
): vscode.Disposable {
  let last = JSON.stringify(settings());
  const look = (): void => {
    const now = JSON.stringify(settings());
    if (now === last) return;
    last = now;
    tell(client).catch(() => undefined);
  };
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration(look),
    vscode.window.onDidChangeActiveTextEditor(look),
  );
}
