import { resolve } from 'node:path';
import type { Command } from 'commander';
import { previewOf } from '../data/preview.ts';
import { DATA_GROUP, DEFAULT_LENGTH } from '../data/settings.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import { cacheFolder } from '../home.ts';
import { resolveTokenizer } from '../models/resolve.ts';
import { defaultsOf, type Setting } from '../settings/setting.ts';
import { EVALUATION_GROUP } from '../train/evaluationSettings.ts';
import { integer } from './options.ts';
import { print, printJson } from './output.ts';
import { absolute } from './reference.ts';
import { addSettings, givenSettings } from './settingOptions.ts';

const NAMES = ['format', 'columns', 'encoding', 'length', 'lossOn', 'maxExamples', 'heldOut'];
const SETTINGS: readonly Setting[] = [...DATA_GROUP.settings, ...EVALUATION_GROUP.settings].filter(({ name }) =>
  NAMES.includes(name),
);

const HELP = `
Text in \u27e6brackets\u27e7 counts in the loss. Rows that training leaves out are shown with the reason. Nothing is trained or downloaded.
With --json: one object {"format":text,"description":text,"rows":[{"place":text,"heldOut":true|false,"facts":text,"text":text|null}]}`;

export function registerPreview(program: Command): void {
  const command = program
    .command('preview')
    .description('show the first rows of a dataset as the model reads them')
    .argument('<data>', 'dataset file or folder')
    .requiredOption('--base <model>', 'Hugging Face folder, GGUF file or hub id')
    .option('--rows <n>', 'training rows to show (1 to 1000)', integer(1, 1000), 3)
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(preview);
  addSettings(command, SETTINGS);
}

type Flags = Readonly<Record<string, unknown>> & { base: string; rows: number; json?: boolean };

async function preview(data: string, flags: Flags): Promise<void> {
  const settings = { length: DEFAULT_LENGTH, ...defaultsOf(SETTINGS), ...givenSettings(SETTINGS, flags) };
  const tokenizer = loadTokenizer(await resolveTokenizer(absolute(flags.base), { cache: cacheFolder() }));
  const shown = await previewOf(resolve(data), {
    ...(settings as unknown as Parameters<typeof previewOf>[1]),
    ...{ rows: flags.rows, tokenizer },
  });
  if (flags.json) return printJson({ ...shown });
  print(`${shown.format}\n${shown.description}`);
  for (const { place, heldOut, facts, text } of shown.rows)
    print(`\n${place}${heldOut ? ' (held out)' : ''}: ${facts}${text === null ? '' : `\n${visible(text)}`}`);
}

/** Without control characters, which a terminal would obey. */
const visible = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
