import { StreamMessageWriter } from 'vscode-languageserver-protocol/node';
import type { MessageReader } from 'vscode-languageserver-protocol/node';
import manifest from '../../package.json' with { type: 'json' };
import { startLanguageServer } from './server.ts';

/** Serves until the client leaves. Returns the exit code that the protocol wants: 1 if the client left without a shutdown request. */
export async function serveStdio(reader: MessageReader): Promise<0 | 1> {
  // Standard output belongs to the protocol.
  console.log = console.info = console.debug = console.error;
  const orderly = await new Promise<boolean>((resolve) => {
    startLanguageServer(reader, new StreamMessageWriter(process.stdout), {
      version: manifest.version,
      onExit: resolve,
      log: (line) => process.stderr.write(`vera lsp: ${line}\n`),
    });
  });
  return orderly ? 0 : 1;
}
