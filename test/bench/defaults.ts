/**
 * Which targets, rates and ranks learn best: `npm run bench:defaults -- --instruct FILE.json --code FOLDER --e2e FILE.csv`. Trains
 * every configuration with every seed on every data set, with the product's own trainer, each run in a process of its own. Appends
 * one line of JSON to `--out` per finished run and leaves out the runs that are there, so it can be stopped and started again. At
 * the end (`--table`: at once) it prints the held-out losses after the last step as Markdown, mean and spread over the seeds.
 * `--only 'lora r 1,e2e'` runs what contains one of the texts; `--order` says what changes slowest: `seed,data` (the default)
 * completes one seed of all data sets first, `data,seed` one data set. The held-out rows are the same in all runs of a data set.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../sources.ts';
import { type Configuration, CONFIGURATIONS, nameOf } from './defaults/configurations.ts';
import { asDataset } from './defaults/data.ts';
import { type Result, table } from './defaults/table.ts';

const { values } = parseArgs({
  options: {
    instruct: { type: 'string' },
    code: { type: 'string' },
    e2e: { type: 'string' },
    out: { type: 'string', default: join(root, '.cache/defaults.jsonl') },
    model: { type: 'string', default: join(root, 'test/.models/SmolLM2-135M-Instruct.Q4_1.gguf') },
    steps: { type: 'string', default: '120' },
    batch: { type: 'string', default: '4' },
    length: { type: 'string', default: '256' },
    seeds: { type: 'string', default: '3' },
    heldOut: { type: 'string', default: '0.08' },
    evalBatches: { type: 'string', default: '24' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    order: { type: 'string', default: 'seed,data' },
    table: { type: 'boolean', default: false },
  },
});
const steps = Number(values.steps);
const out = resolve(values.out);
mkdirSync(dirname(out), { recursive: true });

const data = (['instruct', 'code', 'e2e'] as const).flatMap((name) => {
  const path = values[name];
  return path === undefined
    ? []
    : [{ name, path: asDataset(resolve(path), join(dirname(out), `${name}.jsonl`)) } as const];
});

interface Run {
  readonly data: string;
  readonly path: string;
  readonly seed: number;
  readonly configuration: Configuration;
}

function runs(): Run[] {
  const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
  const one = (set: (typeof data)[number], seed: number): Run[] =>
    CONFIGURATIONS.map((configuration) => ({ data: set.name, path: set.path, seed, configuration }));
  if (values.order === 'data,seed') return data.flatMap((set) => seeds.flatMap((seed) => one(set, seed)));
  if (values.order === 'seed,data') return seeds.flatMap((seed) => data.flatMap((set) => one(set, seed)));
  throw new Error(`--order ${values.order}: write seed,data or data,seed`);
}

const shape = [steps, values.batch, values.length, values.heldOut, values.evalBatches].join(' ');
const keyOf = ({ data, seed, configuration }: Run): string =>
  `${data} | seed ${seed} | ${nameOf(configuration)} | ${shape}`;

const texts = values.only.split(',').filter(Boolean);
const wanted = runs().filter((run) => texts.length === 0 || texts.some((text) => keyOf(run).includes(text)));

/** The last line may be cut, if the machine stopped while it was written. */
function finished(): Result[] {
  if (!existsSync(out)) return [];
  return readFileSync(out, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Result];
      } catch {
        return [];
      }
    })
    .filter(({ key }) => key.endsWith(`| ${shape}`));
}

/** Trains in another process. Its figures, or undefined if it was killed. */
function train({ path, seed, configuration }: Run): object | undefined {
  const scratch = mkdtempSync(join(tmpdir(), 'vera-sweep-'));
  try {
    const settings = {
      ...configuration,
      ...{ data: path, base: resolve(values.model), out: join(scratch, 'out'), seed, precision: 'int8' },
      ...{ steps, schedule: 'cosine', warmup: Math.ceil(steps / 20), onBadRow: 'skip', fimRate: 0 },
      ...{ batch: Number(values.batch), length: Number(values.length), threads: Number(values.threads) },
      ...{ heldOut: Number(values.heldOut), evalBatches: Number(values.evalBatches), evalEvery: steps },
      ...{ sampleTokens: 0, checkpointEvery: 100_000 },
    };
    const file = join(scratch, 'settings.json');
    writeFileSync(file, JSON.stringify(settings));
    const worker = join(root, 'test/bench/defaults/worker.ts');
    const { stdout, status } = spawnSync(process.execPath, [worker, file, 'sweep-worker-marker'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return status === 0 ? (JSON.parse(stdout.trim().split('\n').at(-1) as string) as object) : undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const done = new Set(finished().map(({ key }) => key));
for (const [i, run] of wanted.entries()) {
  const key = keyOf(run);
  if (values.table || done.has(key)) continue;
  const began = Date.now();
  const figures = train(run);
  if (!figures) throw new Error(`the run ended before it was finished: ${key}`);
  const { data, seed, configuration } = run;
  const seconds = Math.round((Date.now() - began) / 1000);
  const line = JSON.stringify({ key, data, seed, configuration, ...figures, seconds });
  // A cut last line gets its end first.
  const cut = existsSync(out) && !/(^|\n)$/.test(readFileSync(out, 'utf8'));
  appendFileSync(out, `${cut ? '\n' : ''}${line}\n`);
  console.error(`${i + 1} of ${wanted.length}: ${line}`);
}
console.log(table(finished(), CONFIGURATIONS));
