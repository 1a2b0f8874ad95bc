import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { cacheFolder } from '../home.ts';
import { compared, evaluateCompletions } from '../evaluation/evaluateCompletions.ts';
import { scoreOf } from '../evaluation/measures.ts';
import { runTests } from '../evaluation/runTests.ts';
import { completeCompletion, COMPLETION_SETTINGS } from '../evaluation/settings.ts';
import { quote } from '../formats/quote.ts';
import type { CompletionReport } from '../protocol/completionReport.ts';
import {
  COMPLETION_COLUMNS,
  completionScope,
  completionVerdicts,
  intervalText,
  shareText,
  sideText,
} from '../protocol/completionText.ts';
import { VeraError } from '../protocol/errors.ts';
import { describe } from '../protocol/generation.ts';
import { showProgress } from './adapter.ts';
import { adapterFolder } from './adapterFolder.ts';
import { doJob } from './doJob.ts';
import { plain, print, printJson } from './output.ts';
import { absolute, isAdapterFolder, reference } from './reference.ts';
import { givenSettings } from './settingOptions.ts';
import { table } from './table.ts';
import { withDaemon } from './withDaemon.ts';

export interface CompletionFlags {
  readonly [name: string]: unknown;
  readonly base?: string;
  readonly adapters: readonly string[];
  readonly testCommand?: string;
  readonly testTimeout: number;
  readonly foreground?: boolean;
  readonly json?: boolean;
}

/** vera eval DATA --task completion. */
export async function evalCompletion(data: string, flags: CompletionFlags): Promise<void> {
  const { base, testCommand, testTimeout, foreground, json } = flags;
  if (!existsSync(data)) throw new VeraError('data', `${quote(data)} is not there`);
  if (testCommand !== undefined && !statSync(data).isDirectory())
    throw new VeraError('usage', '--test-command needs a folder of code, which it runs in a copy of');
  const options = givenSettings(COMPLETION_SETTINGS, flags);
  const adapters = flags.adapters.length > 0 || base !== undefined ? flags.adapters : [await activeAdapter()];
  const texts = testCommand !== undefined;
  let report: CompletionReport;
  if (foreground) {
    const sides = [];
    for (const text of adapters)
      sides.push({
        name: isAdapterFolder(text) ? basename(resolve(text)) : text,
        id: null,
        dir: await adapterFolder(text),
      });
    const request = { data, adapters: sides, settings: completeCompletion(options), texts };
    report = await evaluateCompletions(base === undefined ? request : { ...request, base }, {
      cache: cacheFolder(),
      onProgress: showProgress,
    });
  } else {
    const [dirs, named] = [adapters.filter(isAdapterFolder), adapters.filter((text) => !isAdapterFolder(text))];
    report = (await doJob({
      spec: {
        ...{ ...options, kind: 'completion', data: resolve(data), texts },
        ...{ adapters: named.map(reference), adapterDirs: dirs.map((dir) => resolve(dir)) },
        ...(base === undefined ? {} : { base: absolute(base) }),
      },
    })) as CompletionReport;
  }
  showProgress('', 1);
  if (testCommand !== undefined) report = await tested(data, report, testCommand, testTimeout);
  if (json) printLines(report);
  else printReport(report);
}

/** The name of the adapter that is active here. */
async function activeAdapter(): Promise<string> {
  try {
    const { model } = await withDaemon((client) => client.call(describe, { workspace: process.cwd() }));
    if (model.adapter !== null) return String(model.adapter.id);
  } catch (error) {
    if (!(error instanceof VeraError) || error.code !== 'missing') throw error;
  }
  throw new VeraError(
    'usage',
    'no adapter is active here: say which one to measure with --adapter, or measure a base alone with --base',
  );
}

/** The report with the share of suggestions with which a command succeeds. */
async function tested(
  data: string,
  { suggestions = [], ...report }: CompletionReport,
  command: string,
  seconds: number,
): Promise<CompletionReport> {
  const passed = await runTests(data, suggestions, { command, timeoutMs: 1000 * seconds, onProgress: showProgress });
  showProgress('', 1);
  const scores = passed.map((side, at) =>
    side.map((ok, i) => ({ ...scoreOf(suggestions[i]!.given[at]!, suggestions[i]!.expected), passed: ok })),
  );
  return { ...report, ...compared(report.sides, scores, report.seed) };
}

function printReport(report: CompletionReport): void {
  const { sides, differences, repeated, fillInTheMiddle, notes } = report;
  const columns = COMPLETION_COLUMNS.filter(({ name }) => sides[0]!.figures[name] !== undefined);
  print(`Data: ${completionScope(report)}`);
  if (repeated > 0) print(`${repeated} of them have a line that also stands in a file that an adapter was trained on`);
  if (!fillInTheMiddle) print('The base has no fill-in-the-middle tokens: it saw only the code before the cursor');
  for (const note of notes) print(`Note: ${plain(note)}`);
  print();
  const heads = columns.map(({ label }) => label);
  print(
    table(
      [
        ['', ...heads, 'No suggestion'],
        ...sides.map((side) => [
          plain(sideText(side)),
          ...columns.map(({ name }) => shareText(side.figures[name]!)),
          String(side.empty),
        ]),
      ],
      [0],
    ),
  );
  if (differences.length > 0) {
    print();
    print('Differences in percentage points, with their 95 % intervals:');
    print(
      table(
        [
          ['', ...heads],
          ...differences.map((one) => [
            plain(`${sides[one.of]!.name} − ${sides[one.than]!.name}`),
            ...columns.map(({ name }) => intervalText(one[name]!)),
          ]),
        ],
        [0],
      ),
    );
  }
  print();
  for (const sentence of completionVerdicts(report)) print(plain(sentence));
}

/** A line for what was measured, each side, and each difference; the last line has the figures of the first adapter alone. */
function printLines({ sides, differences, suggestions: _, ...scope }: CompletionReport): void {
  printJson({ event: 'scope', ...scope });
  for (const { figures, ...side } of sides) printJson({ event: 'side', ...side, ...figures, cases: scope.cases });
  for (const { of, than, ...intervals } of differences)
    printJson({ event: 'difference', of: sides[of]!.name, than: sides[than]!.name, ...intervals });
  const { figures } = sides[1] ?? sides[0]!;
  printJson({ ...figures, cases: scope.cases });
}
