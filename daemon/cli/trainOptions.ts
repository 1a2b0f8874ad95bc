import { type Command, Option } from 'commander';
import { rowFormats } from '../data/formats/registry.ts';
import { METHODS } from '../methods/registry.ts';
import { SCHEDULES } from '../train/schedule.ts';
import { METHOD_NAMES } from '../train/settings.ts';
import {
  finiteNumber,
  nonNegativeInteger,
  nonNegativeNumber,
  positiveInteger,
  positiveNumber,
  probability,
  seed,
} from './options.ts';
import { label } from './reference.ts';

/** Collects an option that may be repeated. */
export const collect = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];

/** Collects a tag. */
export const collectTag = (text: string, before: string[] | undefined): string[] => collect(label(text), before);

/** The settings of a training run as options. */
export const addTrainOptions = (command: Command): Command =>
  command
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
      new Option('--format <name>', 'format of the rows (default: detected)').choices(
        rowFormats.map(({ name }) => name),
      ),
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
    .option('--sample-tokens <n>', 'tokens of a sample, 0 for no samples (default: 32)', nonNegativeInteger);
