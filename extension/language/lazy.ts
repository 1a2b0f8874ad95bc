/** What the check of datasets alone needs, in a bundle of its own that is loaded with the first dataset. */
import type { LogOutputChannel } from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';

export interface LanguageClientOptions {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly languages: readonly string[];
  readonly log: LogOutputChannel;
  /** See daemon/lsp/settings.ts. */
  readonly settings: () => object;
}

export const createLanguageClient = ({
  program,
  env,
  languages,
  log,
  settings,
}: LanguageClientOptions): LanguageClient =>
  new LanguageClient(
    'veraStudio',
    'VeRA datasets',
    { command: process.execPath, args: [program, 'lsp', '--stdio'], options: { env }, transport: TransportKind.stdio },
    {
      documentSelector: languages.map((language) => ({ scheme: 'file', language })),
      outputChannel: log,
      initializationOptions: settings(),
      middleware: { workspace: { configuration: (params) => params.items.map(settings) } },
    },
  );
