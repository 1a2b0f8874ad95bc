import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { rowFormats } from '../data/formats/registry.ts';
import { cacheFolder } from '../home.ts';
import type { Precision } from '../models/network.ts';
import { VeraError } from '../protocol/errors.ts';
import type { EvaluationReport } from '../train/evaluateDataset.ts';
import { EVALUATION_BATCH, EVALUATION_LENGTH, evaluateDataset } from '../train/evaluateDataset.ts';
import { showProgress } from './adapter.ts';
import { adapterFolder } from './adapterFolder.ts';
import { doJob } from './doJob.ts';
import { positiveInteger } from './options.ts';
import { print, printJson } from './output.ts';
import { sourceOf } from './reference.ts';

interface Flags {
  base?: string;
  adapter?: string;
  length?: number;
  batch: number;
  precision: Precision;
  format?: string;
  lossOn: 'answer' | 'all';
  onBadRow: 'error' | 'skip';
  maxExamples?: number;
  threads?: number;
  foreground?: boolean;
  json?: boolean;
}

const HELP = `
Every row counts, in the order of the file; a row is cut at --length tokens. A {"text":...} row is what the tokenizer makes of
the text, nothing added. With --json: {"loss":n,"perplexity":n,"tokens":n}, the mean of -ln p over the counted tokens.`;

export function registerEval(program: Command): void {
  program
    .command('eval')
    .description('measure the loss of a base model, with or without an adapter, on a dataset')
    .argument('<data>', 'dataset file or folder')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the one the adapter names)')
    .option('--adapter <adapter>', 'adapter: a folder, or its name or number in the catalog')
    .option(
      '--length <n>',
      `tokens of a row at most (default: ${EVALUATION_LENGTH}, or what the model reads at once)`,
      positiveInteger,
    )
    .option('--batch <n>', 'rows of a batch', positiveInteger, EVALUATION_BATCH)
    .addOption(new Option('--precision <name>', 'precision of the base').choices(['fp32', 'int8']).default('fp32'))
    .addOption(
      new Option('--format <name>', 'format of the rows (default: detected)').choices(
        rowFormats.map(({ name }) => name),
      ),
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
    .option('--foreground', 'do it in this process: no daemon, no queue')
    .addHelpText('after', HELP)
    .action(runEval);
}

async function runEval(data: string, { adapter, base, json, foreground, ...options }: Flags): Promise<void> {
  if (adapter === undefined && base === undefined)
    throw new VeraError('usage', 'the base model is missing: vera eval DATA --base MODEL, or --adapter ADAPTER');
  const report = foreground
    ? await evaluateHere(data, adapter, base, options)
    : ((await doJob({
        spec: { kind: 'evaluate', data: resolve(data), ...sourceOf(adapter, base), ...options },
      })) as unknown as EvaluationReport);
  const { loss, perplexity, tokens, format, rows, length, cut, skipped } = report;
  if (json) {
    printJson({ loss, perplexity, tokens });
    return;
  }
  print(
    `Data: ${format}, ${rows} rows${cut > 0 ? `, ${cut} cut at ${length} tokens` : ''}${skipped.count > 0 ? `, ${skipped.count} skipped, the first: ${skipped.first ?? ''}` : ''}`,
  );
  print(`Loss ${loss.toFixed(4)}, perplexity ${perplexity.toFixed(2)}, over ${tokens.toLocaleString('en-US')} tokens`);
}

async function evaluateHere(
  data: string,
  adapter: string | undefined,
  base: string | undefined,
  options: Omit<Flags, 'adapter' | 'base'>,
): Promise<EvaluationReport> {
  const settings = {
    ...{ data, ...options },
    ...(base === undefined ? {} : { base }),
    ...(adapter === undefined ? {} : { adapter: await adapterFolder(adapter) }),
  };
  const report = await evaluateDataset(settings, { cache: cacheFolder(), onProgress: showProgress });
  showProgress('', 1);
  return report;
}
