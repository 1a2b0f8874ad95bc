import { Option } from 'commander';
import type { Command } from 'commander';
import { EXPORT_FORMATS, exportFormat } from '../export/formats/registry.ts';
import { quote } from '../formats/quote.ts';
import { openAdapter, showProgress } from './adapter.ts';
import { print, printJson } from './output.ts';

interface Flags {
  format: string;
  out: string;
  base?: string;
  projection: boolean;
  json?: boolean;
}

const HELP = `
Formats:
${EXPORT_FORMATS.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n')}

Without A and B a VeRA adapter is a few kilobytes; whoever loads it makes them again from the projection key.
With --json: {"out":...,"format":...}.`;

export function registerExport(program: Command): void {
  const formats = new Option('--format <name>', 'form to write').choices(EXPORT_FORMATS.map(({ name }) => name));
  program
    .command('export')
    .description('write an adapter for other programs')
    .argument('<adapter>', 'adapter: a folder, or its name or number in the catalog')
    .addOption(formats.makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder to write; must be new or empty')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the one the adapter names)')
    .option('--projection', "with VeRA's A and B", true)
    .option('--no-projection', 'without A and B')
    .addHelpText('after', HELP)
    .action(write);
}

async function write(dir: string, { format, out, base, projection, json }: Flags): Promise<void> {
  const { adapter } = await openAdapter(dir, base);
  showProgress('', 1);
  await exportFormat(format).write(out, adapter, { projection });
  if (json) printJson({ out, format });
  else print(`${adapter.method} adapter as ${format} in ${quote(out)}`);
}
