import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { EXPORT_FORMATS, EXPORT_OPTIONS, exportFormat } from '../export/formats/registry.ts';
import { writeExport } from '../export/writeExport.ts';
import { quote } from '../formats/quote.ts';
import { cacheFolder } from '../home.ts';
import { methodNamed } from '../methods/registry.ts';
import type { SettingValues } from '../settings/setting.ts';
import { openAdapter, showProgress } from './adapter.ts';
import { doJob } from './doJob.ts';
import { print, printJson } from './output.ts';
import { sourceOf } from './reference.ts';
import { addSettings, givenSettings } from './settingOptions.ts';

interface Flags {
  format: string;
  out: string;
  base?: string;
  foreground?: boolean;
  json?: boolean;
}

const HELP = `
Formats:
${EXPORT_FORMATS.map(({ name, summary, losses }) => `  ${name.padEnd(12)} ${summary}\n${' '.repeat(15)}${losses}`).join('\n')}

With --json: {"out":...,"format":...}.`;

export function registerExport(program: Command): void {
  const formats = new Option('--format <name>', 'format to write').choices(EXPORT_FORMATS.map(({ name }) => name));
  const command = program
    .command('export')
    .description('write an adapter for other programs')
    .argument('<adapter>', 'adapter: a folder, or its name or number in the catalog')
    .addOption(formats.makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder to write; must be new or empty')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the base that the adapter names)')
    .option('--foreground', 'export in this process, without daemon, queue and catalog')
    .addHelpText('after', HELP);
  addSettings(command, EXPORT_OPTIONS);
  command.action(write);
}

async function write(adapter: string, { out: given, base, ...flags }: Flags): Promise<void> {
  const out = resolve(given);
  const format = exportFormat(flags.format);
  const options = givenSettings(EXPORT_OPTIONS, { ...flags });
  const { name } = format;
  const source = sourceOf(adapter, base);
  const result = flags.foreground
    ? await writeHere(adapter, base, out, name, options)
    : await doJob({
        spec:
          format.job === 'merge'
            ? { kind: 'merge', ...source, out }
            : { kind: 'export', ...source, format: name, options, out },
      });
  if (flags.json) printJson({ out: given, format: name });
  else {
    print(`${methodNamed(String(result['method'])).label} adapter as ${name} in ${quote(given)}`);
    if (typeof result['check'] === 'string') print(result['check']);
    if (typeof result['warning'] === 'string') print(result['warning']);
  }
}

async function writeHere(
  from: string,
  base: string | undefined,
  out: string,
  format: string,
  options: SettingValues,
): Promise<Record<string, unknown>> {
  const source = await openAdapter(from, base);
  const context = { cache: cacheFolder(), onProgress: showProgress };
  const result = await writeExport(exportFormat(format), { dir: out }, source, options, context);
  showProgress('', 1);
  return result;
}
