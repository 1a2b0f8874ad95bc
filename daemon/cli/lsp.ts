import type { Command } from 'commander';
import { StreamMessageReader } from 'vscode-languageserver-protocol/node';
import { readers } from '../data/readers/registry.ts';
import { inlineSettings } from '../lsp/inline.ts';
import { settingsSchema } from '../lsp/settings.ts';
import { serveStdio } from '../lsp/stdio.ts';

const ENDINGS = readers.flatMap(({ text, extensions, ambiguous = [] }) =>
  text ? extensions.filter((ending) => !ambiguous.includes(ending)) : [],
);

const HELP = `
An editor starts this command for files ending in ${ENDINGS.join(', ')}.
Initialization options, or the section veraStudio.dataset of its configuration:
${Object.keys(settingsSchema.shape).join(', ')}.

An editor that knows textDocument/inlineCompletion may start it for files of code too: the active adapter completes them.
Initialization option inlineCompletion, or the section veraStudio.inlineCompletion:
${Object.keys(inlineSettings.shape).join(', ')}.`;

export function registerLsp(program: Command): void {
  program
    .command('lsp')
    .description('serve the Language Server Protocol for any editor: checks of dataset files, inline completions')
    .requiredOption('--stdio', 'use standard input and output')
    .addHelpText('after', HELP)
    .action(async () => process.exit(await serveStdio(new StreamMessageReader(process.stdin))));
}
