import { resolve } from 'node:path';
import type { Command } from 'commander';
import { mergeModel } from '../export/merge.ts';
import type { MergeReport } from '../export/merge.ts';
import { quote } from '../formats/quote.ts';
import { cacheFolder } from '../home.ts';
import { openAdapter, showProgress } from './adapter.ts';
import { doJob } from './doJob.ts';
import { print, printJson } from './output.ts';
import { sourceOf } from './reference.ts';

interface Flags {
  out: string;
  base?: string;
  foreground?: boolean;
  json?: boolean;
}

/** As the job in the daemon returns it. */
type Report = Omit<MergeReport, 'maxDifference'> & { maxLogitDifference: number };

const HELP = `
The folder has the base's files, shards and dtypes; only the adapted weights differ. It appears after its logits were compared
with those of base and adapter. With --json: {"out":...,"maxLogitDifference":...}.`;

export function registerMerge(program: Command): void {
  program
    .command('merge')
    .description('merge an adapter into the weights of its base, and write a Hugging Face folder')
    .argument('<adapter>', 'adapter: a folder, or its name or number in the catalog')
    .requiredOption('--out <dir>', 'folder to write; must be new or empty')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the base that the adapter names)')
    .option('--foreground', 'merge in this process, without daemon, queue and catalog')
    .addHelpText('after', HELP)
    .action(merge);
}

async function merge(adapter: string, { out: given, base, foreground = false, json = false }: Flags): Promise<void> {
  const out = resolve(given);
  const report = foreground
    ? await mergeHere(adapter, base, out)
    : ((await doJob({ spec: { kind: 'merge', ...sourceOf(adapter, base), out } })) as unknown as Report);
  if (json) printJson({ out: given, maxLogitDifference: report.maxLogitDifference });
  else describe(given, report);
}

async function mergeHere(adapter: string, base: string | undefined, out: string): Promise<Report> {
  const opened = await openAdapter(adapter, base);
  const { maxDifference, ...report } = await mergeModel({
    ...{ ...opened, out, cache: cacheFolder(), onProgress: showProgress },
  });
  showProgress('', 1);
  return { ...report, maxLogitDifference: maxDifference };
}

function describe(out: string, { maxLogitDifference, maxLogit, positions, sameTop, dtypes, leftOut }: Report): void {
  print(`merged model in ${quote(out)}`);
  const rounded = dtypes.filter((dtype) => dtype !== 'F32' && dtype !== 'F64');
  const why =
    rounded.length > 0 ? `; the merged weights are rounded to ${rounded.join(' and ')}, as the base's are` : '';
  print(
    `largest logit difference: ${maxLogitDifference.toPrecision(3)} (logits reach ${maxLogit.toPrecision(3)})${why}`,
  );
  print(`most likely token: the same at ${sameTop} of ${positions} positions`);
  if (leftOut.length > 0)
    print(`left out, because they hold the base's unmerged weights: ${leftOut.map(quote).join(', ')}`);
}
