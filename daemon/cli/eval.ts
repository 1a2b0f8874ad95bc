import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { batches } from '../data/batch.ts';
import { openDataset } from '../data/dataset.ts';
import { formats } from '../data/formats/registry.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import { loadAdapter } from '../export/adapter.ts';
import { cacheFolder } from '../home.ts';
import { unadapted } from '../models/adaptation.ts';
import type { Precision } from '../models/network.ts';
import { resolveBase } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import { evaluate } from '../train/evaluate.ts';
import { checkLength } from '../train/prepare.ts';
import { Step } from '../train/step.ts';
import { showProgress } from './adapter.ts';
import { positiveInteger } from './options.ts';
import { print, printJson } from './output.ts';

interface Flags {
  base: string;
  adapter?: string;
  length?: number;
  batch: number;
  precision: Precision;
  format?: string;
  lossOn: 'answer' | 'all';
  onBadRow: 'error' | 'skip';
  maxExamples?: number;
  threads?: number;
  json?: boolean;
}

const DEFAULT_LENGTH = 1024;
const MAX_TOKENS = 2 ** 24; // of a batch: beyond it attention alone would not fit any machine

const HELP = `
Every row counts, in the order of the file; a row is cut at --length tokens. A {"text":...} row is what the tokenizer makes of
the text, nothing added. With --json: {"loss":n,"perplexity":n,"tokens":n}, the mean of -ln p over the counted tokens.`;

export function registerEval(program: Command): void {
  program
    .command('eval')
    .description('measure the loss of a base model, with or without an adapter, on a dataset')
    .argument('<data>', 'dataset file or folder')
    .requiredOption('--base <model>', 'Hugging Face folder, GGUF file or hub id')
    .option('--adapter <dir>', 'adapter folder (VeRA or LoRA)')
    .option(
      '--length <n>',
      `tokens of a row at most (default: ${DEFAULT_LENGTH}, or what the model reads at once)`,
      positiveInteger,
    )
    .option('--batch <n>', 'rows of a batch', positiveInteger, 4)
    .addOption(new Option('--precision <name>', 'precision of the base').choices(['fp32', 'int8']).default('fp32'))
    .addOption(
      new Option('--format <name>', 'format of the rows (default: detected)').choices(formats.map(({ id }) => id)),
    )
    .addOption(
      new Option('--loss-on <what>', 'count the answers alone, or everything')
        .choices(['answer', 'all'])
        .default('answer'),
    )
    .addOption(
      new Option('--on-bad-row <what>', 'stop at a bad row, or leave it out')
        .choices(['error', 'skip'])
        .default('error'),
    )
    .option('--max-examples <n>', 'use the first rows only', positiveInteger)
    .option('--threads <n>', 'threads of one operator (default: all cores)', positiveInteger)
    .addHelpText('after', HELP)
    .action(runEval);
}

async function runEval(data: string, flags: Flags): Promise<void> {
  if (!existsSync(data)) throw new VeraError('data', `${data} is not there`);
  const cache = cacheFolder();
  const base = await resolveBase(flags.base, { cache, onProgress: showProgress });
  const length = flags.length ?? Math.min(DEFAULT_LENGTH, base.config.maxLength);
  checkLength(base, length);
  const { batch, precision, threads } = flags;
  if (batch * length > MAX_TOKENS)
    throw new VeraError('usage', `--batch ${batch} times --length ${length} is more than ${MAX_TOKENS} tokens at once`);
  const loaded = flags.adapter === undefined ? undefined : loadAdapter(flags.adapter, base);
  const dataset = await openDataset(data, {
    tokenizer: loadTokenizer(base.dir),
    length,
    lossOn: flags.lossOn,
    onBadRow: flags.onBadRow,
    heldOut: 1,
    fimRate: 0,
    windows: 'cut',
    ...(flags.format === undefined ? {} : { format: flags.format }),
    ...(flags.maxExamples === undefined ? {} : { maxExamples: flags.maxExamples }),
  });
  const adaptation = loaded?.adaptation ?? unadapted;
  const step = await Step.create(
    {
      base,
      adaptation,
      precision,
      maxLength: length,
      tokens: batch * length,
      cache,
      dropout: false,
      ...(threads === undefined ? {} : { session: { threads } }),
    },
    false,
  );
  try {
    const rows = batches(dataset.heldOut(), { rows: batch, length, packing: 'bucket' });
    let done = 0;
    const { loss, tokens } = await evaluate(step, loaded?.adapter.theta ?? new Float32Array(), rows, {
      vocabulary: base.config.vocabulary,
      onBatch: () => showProgress('evaluating', Math.min(0.99, (done += batch) / dataset.heldOutRows)),
    });
    showProgress('', 1);
    if (!Number.isFinite(loss))
      throw new VeraError(
        'numeric',
        `the loss of ${data} is not finite: the base or the adapter holds values that are not, or they overflow`,
      );
    const result = { loss, perplexity: Math.exp(loss), tokens };
    if (flags.json) {
      printJson(result);
      return;
    }
    const { format, heldOutRows, skipped, cut } = dataset;
    print(
      `Data: ${format}, ${heldOutRows} rows${cut > 0 ? `, ${cut} cut at ${length} tokens` : ''}${skipped.count > 0 ? `, ${skipped.count} skipped, the first: ${skipped.first ?? ''}` : ''}`,
    );
    print(
      `Loss ${loss.toFixed(4)}, perplexity ${result.perplexity.toFixed(2)}, over ${tokens.toLocaleString('en-US')} tokens`,
    );
  } finally {
    dataset.close();
    await step.release();
  }
}
