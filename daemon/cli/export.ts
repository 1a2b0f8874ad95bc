import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { EXPORT_FORMATS, exportFormat } from '../export/formats/registry.ts';
import { quote } from '../formats/quote.ts';
import { openAdapter, showProgress } from './adapter.ts';
import type { JobSpec } from '../protocol/jobs.ts';
import { doJob } from './doJob.ts';
import { print, printJson } from './output.ts';
import { sourceOf } from './reference.ts';

interface Flags {
  format: string;
  out: string;
  base?: string;
  projection: boolean;
  foreground?: boolean;
  json?: boolean;
}

type ExportName = Extract<JobSpec, { kind: 'export' }>['format'];

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
    .option('--foreground', 'do it in this process: no daemon, no queue, no catalog')
    .addHelpText('after', HELP)
    .action(write);
}

async function write(adapter: string, { format, out: given, base, projection, ...flags }: Flags): Promise<void> {
  const out = resolve(given);
  const method = flags.foreground
    ? await writeHere(adapter, base, out, { format, projection })
    : (
        await doJob({
          spec: { kind: 'export', ...sourceOf(adapter, base), format: format as ExportName, projection, out },
        })
      )['method'];
  if (flags.json) printJson({ out: given, format });
  else print(`${String(method)} adapter as ${format} in ${quote(given)}`);
}

async function writeHere(
  from: string,
  base: string | undefined,
  out: string,
  { format, projection }: Pick<Flags, 'format' | 'projection'>,
): Promise<string> {
  const { adapter } = await openAdapter(from, base);
  showProgress('', 1);
  await exportFormat(format).write(out, adapter, { projection });
  return adapter.method;
}
