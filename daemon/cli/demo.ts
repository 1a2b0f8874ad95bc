import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { DEMO_DATA, DEMO_MODEL, DEMO_STEPS, runDemo } from '../demo/run.ts';
import { veraHome } from '../home.ts';
import { refuseOutput } from '../train/folder.ts';
import { demoPrinter } from './demoPrinter.ts';
import { positiveInteger } from './options.ts';
import { print, printJson } from './output.ts';

interface Flags {
  base: string;
  data: string;
  steps: number;
  out?: string;
  threads?: number;
  json?: boolean;
}

const HELP = `
The adapter, the merged model and the cache are written to VERA_HOME, for this command by default the folder demo-output.
Nothing is downloaded or sent.
With --json: the events of vera train, then {"event":"savings",...}, {"event":"merged",...} and last
{"event":"demo","adapter":DIR,"model":DIR}.`;

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description("fine-tune the bundled model on this repository's source, and show the result")
    .option('--steps <n>', 'optimizer steps', positiveInteger, DEMO_STEPS)
    .option('--base <dir>', 'another model than the bundled one', DEMO_MODEL)
    .option('--data <dir>', 'another folder of code', DEMO_DATA)
    .option('--out <dir>', 'folder for the adapter and the merged model (default: a new folder in VERA_HOME)')
    .option('--threads <n>', 'threads that one operator uses (default: one per core)', positiveInteger)
    .addHelpText('after', HELP)
    .action(demo);
}

async function demo({ base, data, out: given, steps, threads, json }: Flags): Promise<void> {
  // The training process inherits it.
  process.env['VERA_HOME'] ??= resolve('demo-output');
  const out = given === undefined ? freshFolder() : resolve(given);
  refuseOutput(out);
  const options = { base: resolve(base), data: resolve(data), out, steps };
  const printer = json ? undefined : demoPrinter(here);
  try {
    const result = await runDemo({ ...options, ...(threads === undefined ? {} : { threads }) }, (event) =>
      printer ? printer.print(event) : printJson({ ...event }),
    );
    if (json) printJson({ event: 'demo', ...result });
    else nextSteps(options.base, result);
  } finally {
    printer?.end();
  }
}

/** A path as one would type it in this folder. */
function here(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

function freshFolder(): string {
  const folder = (i: number): string => join(veraHome(), i === 1 ? 'demo' : `demo-${i}`);
  let i = 1;
  while (existsSync(folder(i))) i++;
  return folder(i);
}

function nextSteps(base: string, { adapter, model }: { adapter: string; model: string }): void {
  const vera = 'npm run -s vera --';
  const prompt = `--prompt "import { existsSync } from 'node:fs';"`;
  const [from, tuned, merged] = [base, adapter, model].map(here) as [string, string, string];
  const width = Math.max(tuned.length, merged.length);
  print(`
Where everything is
  ${tuned.padEnd(width)}  the adapter: a PEFT folder, with the run's settings and figures
  ${merged.padEnd(width)}  the merged model: a Hugging Face folder like any other

What to do next
  See what the model writes with the adapter, and what the merged model writes:
    ${vera} generate --base ${from} --adapter ${tuned} ${prompt}
    ${vera} generate --base ${merged} ${prompt}
  What training costs, here and on the large models of the paper:
    ${vera} plan --base ${from} --targets all-linear
    ${vera} plan --paper
  Train on your own code or JSONL, and on a larger model (a folder, a GGUF file or a hub id, which is downloaded):
    ${vera} train YOUR-CODE --base ${from} --out my-adapter
    ${vera} train YOUR-DATA.jsonl --base HuggingFaceTB/SmolLM2-135M-Instruct --out my-adapter`);
}
