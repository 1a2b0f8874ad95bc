import type { Command } from 'commander';
import { mergeModel } from '../export/merge.ts';
import type { MergeReport } from '../export/merge.ts';
import { quote } from '../formats/quote.ts';
import { cacheFolder } from '../home.ts';
import { openAdapter, showProgress } from './adapter.ts';
import { print, printJson } from './output.ts';

const HELP = `
The folder has the base's files, shards and dtypes; only the adapted weights differ. Before it appears, its logits are
compared with those of base and adapter. With --json: {"out":...,"maxLogitDifference":...}.`;

export function registerMerge(program: Command): void {
  program
    .command('merge')
    .description('write the base with an adapter in its weights, as a Hugging Face folder')
    .argument('<adapter>', 'adapter: a folder, or its name or number in the catalog')
    .requiredOption('--out <dir>', 'folder to write; must be new or empty')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the one the adapter names)')
    .addHelpText('after', HELP)
    .action(merge);
}

async function merge(
  dir: string,
  { out, base: given, json }: { out: string; base?: string; json?: boolean },
): Promise<void> {
  const opened = await openAdapter(dir, given);
  const report = await mergeModel({ ...opened, out, cache: cacheFolder(), onProgress: showProgress });
  showProgress('', 1);
  if (json) printJson({ out, maxLogitDifference: report.maxDifference });
  else describe(out, report);
}

function describe(out: string, { maxDifference, maxLogit, positions, sameTop, dtypes, leftOut }: MergeReport): void {
  print(`merged model in ${quote(out)}`);
  const rounded = dtypes.filter((dtype) => dtype !== 'F32' && dtype !== 'F64');
  const why =
    rounded.length > 0 ? `; the merged weights are rounded to ${rounded.join(' and ')}, as the base's are` : '';
  print(`largest logit difference: ${maxDifference.toPrecision(3)} (logits reach ${maxLogit.toPrecision(3)})${why}`);
  print(`most likely token: the same at ${sameTop} of ${positions} positions`);
  if (leftOut.length > 0)
    print(`left out, since they hold the base's weights unmerged: ${leftOut.map(quote).join(', ')}`);
}
