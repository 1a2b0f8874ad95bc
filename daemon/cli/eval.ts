import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { cacheFolder } from '../home.ts';
import { VeraError } from '../protocol/errors.ts';
import { objectiveNamed } from '../objectives/registry.ts';
import { flagOf, type SettingValues } from '../settings/setting.ts';
import { COMPLETION_SETTINGS } from '../evaluation/settings.ts';
import type { EvaluationReport } from '../train/evaluateDataset.ts';
import { evaluateDataset } from '../train/evaluateDataset.ts';
import { completeEvaluation, EVALUATE_SETTINGS } from '../train/evaluateSettings.ts';
import { showProgress } from './adapter.ts';
import { adapterFolder } from './adapterFolder.ts';
import { doJob } from './doJob.ts';
import { positiveNumber } from './options.ts';
import { print, printJson } from './output.ts';
import { sourceOf } from './reference.ts';
import { addSettings, givenSettings } from './settingOptions.ts';

type Flags = Readonly<Record<string, unknown>> & {
  task: 'loss' | 'completion';
  base?: string;
  adapter?: string[];
  testCommand?: string;
  testTimeout: number;
  foreground?: boolean;
  json?: boolean;
};

const HELP = `
Every row counts, in the order of the file. A row is cut at --length tokens. The tokens of a {"text":...} row are those of the text,
with nothing added. With --json: {"loss":n,"perplexity":n,"tokens":n}; the loss is the mean of -ln p over the counted tokens.

--task completion asks for inline completions at places in code that the adapters were not trained on, and compares them with the
code that stands there. It measures the base first, then each --adapter; without --adapter and --base, the active adapter. With --json
it prints a line for the scope, each side and each difference. The last line has the figures of the first adapter:
{"exactMatch":n,"editSimilarity":n,"kept":n,"cases":n}, with "passRate" after --test-command. The measures: docs/measuring-completions.md.
--test-command runs code that the model wrote, on this machine and as you: give it only where you would run such code.`;

/** Settings of completions that the loss does not have. */
const COMPLETION_ONLY = COMPLETION_SETTINGS.filter(({ name }) => !EVALUATE_SETTINGS.some((one) => one.name === name));

export function registerEval(program: Command): void {
  const command = program
    .command('eval')
    .description('measure the loss of a base model, or its inline completions, with or without adapters')
    .argument('<data>', 'dataset file or folder')
    .addOption(new Option('--task <task>', 'what to measure').choices(['loss', 'completion']).default('loss'))
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the base that the adapter names)')
    .option(
      '--adapter <adapter>',
      'adapter: a folder, or its name or number in the catalog; several times for --task completion',
      (text, before: string[] | undefined) => [...(before ?? []), text],
    )
    .option('--foreground', 'evaluate in this process, without daemon and queue')
    .option(
      '--test-command <command>',
      'with --task completion: also run this command with each suggestion in its place',
    )
    .option('--test-timeout <seconds>', 'how long the test command may take', positiveNumber, 60)
    .addHelpText('after', HELP)
    .action(runEval);
  addSettings(command.optionsGroup('Settings:'), EVALUATE_SETTINGS);
  addSettings(command.optionsGroup('Settings of --task completion:'), COMPLETION_ONLY);
}

async function runEval(data: string, { adapter: adapters = [], task, ...given }: Flags): Promise<void> {
  refuseOthers(task, given);
  if (task === 'completion') {
    const { evalCompletion } = await import('./evalCompletion.ts');
    await evalCompletion(data, { ...given, adapters });
    return;
  }
  const { base, json, foreground, ...flags } = given;
  const [adapter, second] = adapters;
  if (second !== undefined)
    throw new VeraError('usage', 'the loss is measured of one adapter: give --adapter once, or --task completion');
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

/** Refuses flags of the other task, which would have no effect. */
function refuseOthers(task: Flags['task'], given: Readonly<Record<string, unknown>>): void {
  const [mine, others] =
    task === 'completion' ? [COMPLETION_SETTINGS, EVALUATE_SETTINGS] : [EVALUATE_SETTINGS, COMPLETION_SETTINGS];
  const odd = others.find(({ name }) => given[name] !== undefined && !mine.some((one) => one.name === name));
  const flag = odd === undefined ? undefined : flagOf(odd);
  const wrong = flag ?? (task === 'loss' && given['testCommand'] !== undefined ? '--test-command' : undefined);
  if (wrong !== undefined) throw new VeraError('usage', `${wrong} has no effect with --task ${task}; leave it out`);
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
