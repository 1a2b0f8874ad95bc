import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { App } from '../app.ts';
import { LANGUAGES } from '../contributions.ts';
import { likelyBase } from '../tuning/bases.ts';
import { changesSetting, setting } from '../settings.ts';
import { nodeEnvironment, veraProgram } from '../daemon/program.ts';

/** Checks datasets in the editor with the bundled language server, which starts with the first dataset that is opened. */
export function registerLanguageClient(app: App): void {
  const { context, log } = app;
  let client: Promise<LanguageClient> | undefined;
  const wanted = ({ languageId, uri }: vscode.TextDocument): boolean =>
    uri.scheme === 'file' && (LANGUAGES as readonly string[]).includes(languageId);
  const begin = (): void => {
    if (client !== undefined || !setting('datasetCheck', true)) return;
    client = start(app);
    client.catch((error: unknown) => {
      client = undefined;
      log.error(`datasets are not checked: ${String(error)}`);
    });
  };
  const end = async (): Promise<void> => {
    const running = client;
    client = undefined;
    await running?.then((one) => one.dispose()).catch(() => undefined);
  };
  context.subscriptions.push(
    vscode.workspace.onDidOpenTextDocument((document) => (wanted(document) ? begin() : undefined)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!changesSetting(event, 'datasetCheck')) return;
      if (!setting('datasetCheck', true)) void end();
      else if (vscode.workspace.textDocuments.some(wanted)) begin();
    }),
    { dispose: () => void end() },
  );
  if (vscode.workspace.textDocuments.some(wanted)) setTimeout(begin, 0);
}

async function start(app: App): Promise<LanguageClient> {
  const { createLanguageClient } = await import('./lazy.ts');
  const client = createLanguageClient({
    program: veraProgram(),
    env: nodeEnvironment(),
    languages: LANGUAGES,
    log: app.log,
    settings: () => ({ base: likelyBase(app), length: setting('datasetLength', 512) }),
  });
  await client.start();
  return client;
}
