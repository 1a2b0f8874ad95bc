/** Code that only the check of datasets needs. It is a bundle of its own, which is loaded when the first dataset is opened. */
import { type LogOutputChannel, Uri } from 'vscode';
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  type InitializeParams,
  LanguageClient,
  RevealOutputChannelOn,
} from 'vscode-languageclient/node';
import type { LanguageConnection } from '../../daemon/client/language.ts';

export interface LanguageClientOptions {
  readonly connection: LanguageConnection;
  readonly languages: readonly string[];
  readonly log: LogOutputChannel;
  /** See daemon/lsp/settings.ts. `of`: a dataset, whose folder's settings apply. */
  readonly settings: (of?: Uri) => object;
}

/** Writes errors only to the log: the library would show a message each time a connection breaks. */
class QuietClient extends LanguageClient {
  /** The extension completes code by itself, in all languages: the language server must not do it a second time. */
  protected override fillInitializeParams(params: InitializeParams): void {
    super.fillInitializeParams(params);
    delete params.capabilities.textDocument?.inlineCompletion;
  }

  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** A client for one connection. It sends all open datasets and ends with the connection. */
export const createLanguageClient = ({
  connection,
  languages,
  log,
  settings,
}: LanguageClientOptions): LanguageClient => {
  const { reader, writer } = connection;
  return new QuietClient('veraStudio', 'VeRA datasets', () => Promise.resolve({ reader, writer }), {
    documentSelector: languages.map((language) => ({ scheme: 'file', language })),
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: settings(),
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
    },
    middleware: {
      workspace: {
        configuration: ({ items }) =>
          items.map(({ scopeUri }) => settings(scopeUri === undefined ? undefined : Uri.parse(scopeUri))),
      },
    },
  });
};

/** Makes the server ask for its settings. */
export const settingsChanged = (client: LanguageClient): Promise<void> =>
  client.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
