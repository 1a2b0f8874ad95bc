import { resolve } from 'node:path';
import type { Command } from 'commander';
import { cacheFolder } from '../home.ts';
import { VeraError } from '../protocol/errors.ts';
import { objectiveNamed } from '../objectives/registry.ts';
import type { SettingValues } from '../settings/setting.ts';
import type { EvaluationReport } from '../train/evaluateDataset.ts';
import { evaluateDataset } from '../train/evaluateDataset.ts';
import { completeEvaluation, EVALUATE_SETTINGS } from '../train/evaluateSettings.ts';
import { showProgress } from './adapter.ts';
import { adapterFolder } from './adapterFolder.ts';
import { doJob } from './doJob.ts';
import { print, printJson } from './output.ts';
import { sourceOf } from './reference.ts';
import { addSettings, givenSettings } from './settingOptions.ts';

type Flags = Readonly<Record<string, unknown>> & {
  base?: string;
  adapter?: string;
  foreground?: boolean;
  json?: boolean;
};

const HELP = `
Every row counts, in the order of the file. A row is cut at --length tokens. The tokens of a {"text":...} row are those of the text,
with nothing added. With --json: {"loss":n,"perplexity":n,"tokens":n}; the loss is the mean of -ln p over the counted tokens.`;

export function registerEval(program: Command): void {
  const command = program
    .command('eval')
    .description('measure the loss of a base model, with or without an adapter, on a dataset')
    .argument('<data>', 'dataset file or folder')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the base that the adapter names)')
    .option('--adapter <adapter>', 'adapter: a folder, or its name or number in the catalog')
    .option('--foreground', 'evaluate in this process, without daemon and queue')
    .addHelpText('after', HELP)
    .action(runEval);
  addSettings(command.optionsGroup('Settings:'), EVALUATE_SETTINGS);
}

async function runEval(data: string, { adapter, base, json, foreground, ...flags }: Flags): Promise<void> {
  if (adapter === undefined && base === undefined)
    throw new VeraError('usage', 'the base model is missing: vera eval DATA --base MODEL, or --adapter ADAPTER');
  const options = givenSettings(EVALUATE_SETTINGS, flags);
  const report = foreground
    ? await evaluateHere(data, adapter, base, options)
    : ((await doJob({
        spec: { ...options, kind: 'evaluate', data: resolve(data), ...sourceOf(adapter, base) },
      })) as EvaluationReport);
  const { tokens, format, rows, length, cut, unstarted = 0, skipped } = report;
  const { measures } = objectiveNamed(report.objective);
  if (json) {
    printJson({ ...Object.fromEntries(measures.map(({ name }) => [name, report[name]])), tokens });
    return;
  }
  print(
    `Data: ${format}, ${rows} rows${cut > 0 ? `, ${cut} cut at ${length} tokens` : ''}${unstarted > 0 ? `, ${unstarted} in which the adapter never starts` : ''}${skipped.count > 0 ? `, ${skipped.count} skipped, the first: ${skipped.first ?? ''}` : ''}`,
  );
  const figures = measures.map(({ name, label, digits }, i) => {
    return `${i === 0 ? label : label.toLowerCase()} ${Number(report[name]).toFixed(digits)}`;
  });
  print(`${figures.join(', ')}, over ${tokens.toLocaleString('en-US')} tokens`);
}

async function evaluateHere(
  data: string,
  adapter: string | undefined,
  base: string | undefined,
  options: SettingValues,
): Promise<EvaluationReport> {
  const request = {
    ...{ data, settings: completeEvaluation(options) },
    ...(base === undefined ? {} : { base }),
    ...(adapter === undefined ? {} : { adapter: await adapterFolder(adapter) }),
  };
  const report = await evaluateDataset(request, { cache: cacheFolder(), onProgress: showProgress });
  showProgress('', 1);
  return report;
}
