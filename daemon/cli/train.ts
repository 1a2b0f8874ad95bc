import { existsSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { formats } from '../data/formats/registry.ts';
import { veraHome } from '../home.ts';
import { METHODS } from '../methods/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { readRun, refuseOccupied } from '../train/folder.ts';
import type { TrainEvent } from '../train/events.ts';
import { SCHEDULES } from '../train/schedule.ts';
import {
  completeSettings,
  type GivenSettings,
  METHOD_NAMES,
  RESUMABLE,
  type TrainSettings,
} from '../train/settings.ts';
import { startTraining } from '../train/supervise.ts';
import {
  finiteNumber,
  nonNegativeInteger,
  nonNegativeNumber,
  positiveInteger,
  positiveNumber,
  probability,
  seed,
} from './options.ts';
import { printJson } from './output.ts';
import { trainPrinter } from './trainPrinter.ts';

type Flags = Partial<TrainSettings> & { resume?: string; samplePrompt?: string[]; json?: boolean };

const HELP = `
DATA is a JSONL, CSV, TSV, Parquet or text file, or a folder of code; its format is detected and said.
The output folder becomes the adapter (a PEFT folder); run.json, metrics.jsonl and checkpoints/ lie in it too.
Ctrl-C stops after the step under way, with a checkpoint; twice ends at once. vera train --resume DIR goes on exactly where
the last checkpoint was; with it, settings of the optimizer and of how long to train may be given anew.
With --json: one event a line (start, step, eval, sample, checkpoint, report), the last one is
{"event":"done","adapter":DIR,"trainLoss":n,"evalLoss":n,"baseEvalLoss":n,"trainableParameters":n,"adapterBytes":n,"tokensPerSecond":n,"peakRssBytes":n}`;

export function registerTrain(program: Command): void {
  const collect = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];
  program
    .command('train')
    .description('fine-tune a base model on a dataset')
    .argument('[data]', 'dataset file or folder')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id')
    .option('--out <dir>', 'where the adapter goes (default: a new folder in VERA_HOME/adapters)')
    .option('--resume <dir>', 'go on with the run in this folder')
    .optionsGroup('Method:')
    .addOption(
      new Option(
        '--method <name>',
        `${METHODS.map(({ name, summary }) => `${name}: ${summary}`).join('; ')} (default: vera)`,
      ).choices(METHOD_NAMES),
    )
    .option('--rank <r>', 'rank (default: 256, LoRA 16)', positiveInteger)
    .option('--alpha <a>', 'LoRA: the update counts alpha / rank times (default: the rank)', positiveNumber)
    .option('--targets <t>', 'layers to adapt: names, all-linear, or a regular expression (default: q_proj,v_proj)')
    .option('--layers <list>', 'only these transformer layers, as in 0-5,10')
    .option('--dropout <p>', "dropout of the adapter's input", probability)
    .option('--projection-key <n>', "seed of VeRA's A and B (default: 0)", seed)
    .option('--d-initial <x>', "first value of VeRA's d (default: 0.1)", finiteNumber)
    .option('--projection', "write VeRA's A and B into the adapter, as PEFT does by default")
    .option('--no-projection', 'leave them out: they come back from the key (default)')
    .addOption(new Option('--precision <name>', 'precision of the base (default: fp32)').choices(['fp32', 'int8']))
    .optionsGroup('How long, how fast:')
    .option('--steps <n>', 'optimizer steps (instead of epochs)', positiveInteger)
    .option('--epochs <n>', 'times over the data (default: 1)', positiveInteger)
    .option('--batch <n>', 'rows of a batch (default: 4)', positiveInteger)
    .option('--length <n>', 'tokens of a row (default: 512, or what the model reads at once)', positiveInteger)
    .option('--accumulate <n>', 'batches that make one step (default: 1)', positiveInteger)
    .option('--lr <x>', 'learning rate (default: vera 0.004, lora 0.0004, full 0.00005)', positiveNumber)
    .option('--lr-b <x>', "learning rate of VeRA's b (default: --lr)", nonNegativeNumber)
    .option('--lr-d <x>', "learning rate of VeRA's d (default: --lr)", nonNegativeNumber)
    .option('--lr-head <x>', 'learning rate of a trained head (default: --lr)', nonNegativeNumber)
    .addOption(new Option('--schedule <name>', 'how the learning rate falls (default: linear)').choices(SCHEDULES))
    .option('--warmup <steps>', 'steps over which it rises first (default: 0)', nonNegativeInteger)
    .option('--weight-decay <x>', 'AdamW weight decay (default: 0)', nonNegativeNumber)
    .option('--beta1 <x>', 'AdamW (default: 0.9)', probability)
    .option('--beta2 <x>', 'AdamW (default: 0.999)', probability)
    .option('--epsilon <x>', 'AdamW (default: 1e-8)', positiveNumber)
    .option('--clip <norm>', "largest norm of a step's gradient, 0 for none (default: 1)", nonNegativeNumber)
    .option('--seed <n>', 'seed of order, dropout and first values (default: 0)', seed)
    .option('--threads <n>', 'threads of one operator (default: all cores)', positiveInteger)
    .optionsGroup('Data:')
    .addOption(
      new Option('--format <name>', 'format of the rows (default: detected)').choices(formats.map(({ id }) => id)),
    )
    .addOption(
      new Option(
        '--packing <how>',
        'pack: several examples a row; bucket: like lengths together; none (default: pack)',
      ).choices(['pack', 'bucket', 'none']),
    )
    .addOption(
      new Option('--loss-on <what>', 'learn the answers alone, or everything (default: answer)').choices([
        'answer',
        'all',
      ]),
    )
    .addOption(
      new Option('--on-bad-row <what>', 'stop at a bad row, or leave it out (default: error)').choices([
        'error',
        'skip',
      ]),
    )
    .option('--fim-rate <p>', 'share of code learned as fill-in-the-middle (default: 0.5)', probability)
    .option('--max-examples <n>', 'use the first rows only', positiveInteger)
    .optionsGroup('Watching:')
    .option('--held-out <fraction>', 'share of the rows held out for evaluation (default: 0.05)', probability)
    .option(
      '--eval-every <steps>',
      'steps between evaluations (default: a tenth of the run, at least 50)',
      positiveInteger,
    )
    .option('--eval-batches <n>', 'batches of an evaluation at most, 0 for all (default: 32)', nonNegativeInteger)
    .option(
      '--patience <n>',
      'stop after so many evaluations without a better one, 0 for never (default: 0)',
      nonNegativeInteger,
    )
    .option('--checkpoint-every <steps>', 'steps between checkpoints (default: 50)', positiveInteger)
    .option(
      '--sample-prompt <text>',
      'prompt of a sample before and after (default: from the data); may be repeated',
      collect,
    )
    .option('--sample-tokens <n>', 'tokens of a sample, 0 for no samples (default: 32)', nonNegativeInteger)
    .addHelpText('after', HELP)
    .action(runTrain);
}

async function runTrain(data: string | undefined, { json = false, ...flags }: Flags): Promise<void> {
  const { resume } = flags;
  const settings = resume === undefined ? newRun(data, flags) : resumedRun(resume, data, flags);
  const printer = json
    ? { print: (event: TrainEvent) => printJson({ ...event }), end: () => undefined }
    : trainPrinter(settings);
  const training = startTraining(settings, resume !== undefined, (event) => printer.print(event));
  let stopped = false;
  const interrupt = (): void => {
    if (stopped) training.kill();
    else training.stop();
    if (!json && !stopped) process.stderr.write('\nStopping after this step; once more to end at once.\n');
    stopped = true;
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    await training.ended;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    printer.end();
  }
  if (stopped) process.exitCode = 130;
}

const absolute = (path: string): string => (existsSync(path) ? resolve(path) : path);

function settingsOf(
  data: string | undefined,
  { resume: _, samplePrompt, base, out, ...given }: Flags,
): Partial<TrainSettings> {
  return {
    ...given,
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(base === undefined ? {} : { base: absolute(base) }),
    ...(out === undefined ? {} : { out: resolve(out) }),
    ...(samplePrompt === undefined ? {} : { samplePrompts: samplePrompt }),
  };
}

function newRun(data: string | undefined, flags: Flags): TrainSettings {
  if (data === undefined) throw new VeraError('usage', 'what to learn from is missing: vera train DATA --base MODEL');
  if (flags.base === undefined) throw new VeraError('usage', 'the base model is missing: vera train DATA --base MODEL');
  if (!existsSync(data)) throw new VeraError('data', `${data} is not there`);
  const given = settingsOf(data, flags);
  const settings = completeSettings({ out: freshFolder(data, flags.method ?? 'vera'), ...given } as GivenSettings);
  refuseOccupied(settings.out);
  return settings;
}

function resumedRun(resume: string, data: string | undefined, flags: Flags): TrainSettings {
  const before = readRun(resolve(resume));
  const given = settingsOf(data, flags);
  for (const [name, value] of Object.entries(given)) {
    const known = (RESUMABLE as readonly string[]).includes(name) || value === before[name as keyof TrainSettings];
    if (!known) throw new VeraError('usage', `${flagOf(name)} cannot be changed by --resume: start a new run with it`);
  }
  if (given.epochs !== undefined && given.steps === undefined)
    return completed({ ...before, ...given, steps: undefined });
  return completed({
    ...before,
    ...given,
    epochs: given.epochs ?? (before.steps === undefined && given.steps === undefined ? before.epochs : undefined),
  });
}

/** Settings of a run, checked again: someone may have edited run.json. */
function completed({ alpha, rank, targets, dropout, ...settings }: GivenSettings): TrainSettings {
  if (settings.method === 'full') return completeSettings(settings);
  return completeSettings({ ...settings, rank, targets, dropout, ...(settings.method === 'lora' ? { alpha } : {}) });
}

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** A folder that is not there yet, named after the data and the method. */
function freshFolder(data: string, method: string): string {
  const name = `${basename(resolve(data), extname(data)) || 'data'}-${method}`;
  const folder = (i: number): string => join(veraHome(), 'adapters', i === 1 ? name : `${name}-${i}`);
  let i = 1;
  while (existsSync(folder(i))) i++;
  return folder(i);
}
