import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { App } from '../app.ts';
import { datasetsOf } from '../datasets.ts';
import { likelyBase } from '../tuning/bases.ts';
import { changesSetting, daemonArgs, setting } from '../settings.ts';
import { keep, type Session } from './keeping.ts';
import { createRates, type Rates } from './rates.ts';

type IsDataset = (document: vscode.TextDocument) => boolean;

function datasetTest({ context }: App): IsDataset {
  const { languages } = datasetsOf(context);
  return ({ languageId, uri }) => uri.scheme === 'file' && languages.includes(languageId);
}

/** Checks datasets in the editor with a language server that the daemon starts. Begins when the first dataset is opened. */
export function registerLanguageClient(app: App): void {
  const { context, log } = app;
  const isDataset = datasetTest(app);
  const isDatasetOpen = (): boolean => vscode.workspace.textDocuments.some(isDataset);
  const rates = createRates(app);
  let over: AbortController | undefined;
  const begin = (): void => {
    if (over !== undefined || !setting('datasetCheck', true)) return;
    over = new AbortController();
    const { signal } = over;
    // A daemon that a person has stopped is not started by an open file.
    const open = ({ start }: { start: boolean }): Promise<Session> =>
      connect(app, rates, { start: start && !app.daemon.isStopped }, signal);
    void keep({ open, say: (line) => log.warn(line), over: signal, onNeeded: whenNeeded(isDataset) }).catch(
      (error: unknown) => log.error(`datasets are not checked: ${String(error)}`),
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

/** Calls a listener whenever a dataset is opened or changed. Returns a function that stops the calls. */
const whenNeeded =
  (isDataset: IsDataset) =>
  (listener: () => void): (() => void) => {
    const call = (document: vscode.TextDocument): void => (isDataset(document) ? listener() : undefined);
    const both = [
      vscode.workspace.onDidOpenTextDocument(call),
      vscode.workspace.onDidChangeTextDocument(({ document }) => call(document)),
    ];
    return () => both.forEach((one) => void one.dispose());
  };

/** Runs one language client until its connection breaks or `over` is aborted. */
async function connect(app: App, rates: Rates, { start }: { start: boolean }, over: AbortSignal): Promise<Session> {
  const [{ connectLanguage }, { createLanguageClient, settingsChanged }] = await Promise.all([
    app.daemon.protocol(),
    import('./lazy.ts'),
  ]);
  const connection = await connectLanguage({ start, daemonArgs: daemonArgs() });
  if (over.aborted) connection.close();
  over.throwIfAborted();
  const settings = (of?: vscode.Uri): object => {
    const base = likelyBase(app);
    return {
      base,
      columns: setting('datasetColumns', '', of),
      length: setting('datasetLength', 512),
      tokensPerSecond: rates.of(base),
    };
  };
  const client = createLanguageClient({
    connection,
    languages: datasetsOf(app.context).languages,
    log: app.log,
    settings,
  });
  const dispose = (): Promise<void> =>
    client
      .dispose()
      .catch(() => undefined)
      .finally(() => connection.close());
  try {
    await client.start();
    over.throwIfAborted(); // from here on, the listener below ends it
  } catch (error) {
    void dispose();
    throw error;
  }
  app.log.info('datasets are checked');
  const watching = vscode.Disposable.from(
    watchSettings(client, settings, rates, settingsChanged),
    watchDatasets(datasetTest(app), async (data) => {
      const base = likelyBase(app);
      // An estimate is work, and work needs a trusted workspace.
      if (vscode.workspace.isTrusted) await rates.estimate(base, data.fsPath);
    }),
  );
  const aborted = (): void => void dispose();
  over.addEventListener('abort', aborted);
  void connection.closed.then(() => {
    watching.dispose();
    over.removeEventListener('abort', aborted);
    // The client notices the end too; wait until it has dealt with it.
    if (!over.aborted) setTimeout(() => void dispose(), 0);
  });
  return connection;
}

/**
 * Sends changed settings to the server. The likely base model is not only a setting, so it is checked whenever an editor
 * becomes active.
 */
function watchSettings(
  client: LanguageClient,
  settings: () => object,
  rates: Rates,
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
    vscode.workspace.onDidChangeConfiguration((event) => {
      // A folder's own columns do not show in the settings of all.
      if (changesSetting(event, 'datasetColumns')) tell(client).catch(() => undefined);
      else look();
    }),
    vscode.window.onDidChangeActiveTextEditor(look),
    rates.onChange(look),
  );
}

/** Calls `look` for each dataset whose editor becomes active. */
function watchDatasets(isDataset: IsDataset, look: (data: vscode.Uri) => Promise<void>): vscode.Disposable {
  const call = (editor: vscode.TextEditor | undefined): void => {
    if (editor !== undefined && isDataset(editor.document)) look(editor.document.uri).catch(() => undefined);
  };
  call(vscode.window.activeTextEditor);
  return vscode.window.onDidChangeActiveTextEditor(call);
}
