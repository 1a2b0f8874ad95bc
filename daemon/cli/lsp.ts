import type { Command } from 'commander';
import { StreamMessageReader } from 'vscode-languageserver-protocol/node';
import { serveStdio } from '../lsp/stdio.ts';

const HELP = `
An editor starts this itself, for files ending in .jsonl, .ndjson, .csv, .tsv and .txt. Initialization options, or the
section veraStudio.dataset of its configuration: base, length, format, lossOn, tokensPerSecond, maxProblems.`;

export function registerLsp(program: Command): void {
  program
    .command('lsp')
    .description('serve the Language Server Protocol for dataset files, for any editor')
    .requiredOption('--stdio', 'speak on standard input and output')
    .addHelpText('after', HELP)
    .action(async () => process.exit(await serveStdio(new StreamMessageReader(process.stdin))));
}
