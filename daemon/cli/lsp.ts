import type { Command } from 'commander';
import { StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver-protocol/node';
import manifest from '../../package.json' with { type: 'json' };
import { startLanguageServer } from '../lsp/server.ts';

const HELP = `
An editor starts this itself, for files ending in .jsonl, .ndjson, .csv, .tsv and .txt. Initialization options, or the
section veraStudio.dataset of its configuration: base, length, format, lossOn, tokensPerSecond, maxProblems.`;

export function registerLsp(program: Command): void {
  program
    .command('lsp')
    .description('serve the Language Server Protocol for dataset files, for any editor')
    .requiredOption('--stdio', 'speak on standard input and output')
    .addHelpText('after', HELP)
    .action(serve);
}

async function serve(): Promise<void> {
  // Standard output belongs to the protocol.
  console.log = console.info = console.debug = console.error;
  const orderly = await new Promise<boolean>((resolve) => {
    startLanguageServer(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout), {
      version: manifest.version,
      onExit: resolve,
      log: (line) => process.stderr.write(`vera lsp: ${line}\n`),
    });
  });
  // As the protocol has it: 1 where nobody asked the server to shut down.
  process.exit(orderly ? 0 : 1);
}
