/** What the check of datasets alone needs, in a bundle of its own that is loaded with the first dataset. */
import { setTimeout } from 'node:timers/promises';
import type { LogOutputChannel } from 'vscode';
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
} from 'vscode-languageclient/node';
import type { LanguageConnection } from '../../daemon/client/language.ts';

export interface LanguageClientOptions {
  readonly connection: LanguageConnection;
  readonly languages: readonly string[];
  readonly log: LogOutputChannel;
  /** See daemon/lsp/settings.ts. */
  readonly settings: () => object;
}

/** Says what goes wrong in the log alone: the library would show that a connection broke, each time it does. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** A client for one connection: it sends all open datasets and ends with the connection. */
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
    middleware: { workspace: { configuration: (params) => params.items.map(settings) } },
  });
};

/** Makes the server ask for its settings. */
export const settingsChanged = (client: LanguageClient): Promise<void> =>
  client.sendNotification(DidChangeConfigurationNotification.type, { settings: null });

const LOOKS = 60;
const BETWEEN_MS = 500;

/** Tokens of an open dataset, once they were counted; 0 where that takes too long. Throws where the client ends. */
export async function tokensOf(client: LanguageClient, uri: string): Promise<number> {
  for (let i = 0; i < LOOKS; i++) {
    const summary = await client.sendRequest<{ tokens: number; counted: number; busy: boolean } | null>(
      'veraStudio/summary',
      { uri },
    );
    if (summary !== null && !summary.busy && summary.counted > 0) return summary.tokens;
    await setTimeout(BETWEEN_MS);
  }
  return 0;
}
