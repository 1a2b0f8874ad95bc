/**
 * Serving beside llama.cpp (node-llama-cpp), in one run on one machine: `npm run bench:serve`. Both have the same GGUF file and the
 * same number of threads, each in a process of its own, and take turns; each figure is a median, and each ratio the median of the
 * ratios of neighbours in time. `-- --only decode,crowd` runs some parts, `--alone` leaves llama.cpp out, `--json FILE` also writes
 * the figures as JSON, `--rounds 3` and `--threads 2` are the defaults, `--small 4` divides lengths for a quick look at whether all works.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadTokenizer } from '../../daemon/data/tokenizer.ts';
import { cacheFolder } from '../../daemon/home.ts';
import { resolveBase } from '../../daemon/models/resolve.ts';
import { root } from '../sources.ts';
import { change, memory } from './serve/change.ts';
import { completion } from './serve/completion.ts';
import { crowd, mixed } from './serve/crowd.ts';
import { type Figure, meets, table } from './serve/figures.ts';
import { measureLimits } from './serve/limits.ts';
import { type Llama, openLlama } from './serve/llama.ts';
import { overload, resident } from './serve/many.ts';
import { promptsOf } from './serve/prompts.ts';
import type { Setting } from './serve/setting.ts';
import { decode, lookup, prefill } from './serve/single.ts';

const PARTS: Record<string, (setting: Setting) => Promise<void>> = {
  ...{ prefill, decode, lookup, crowd, mixed },
  ...{ resident, overload, memory, change, completion },
};

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(PARTS).join() },
    alone: { type: 'boolean', default: false },
    json: { type: 'string' },
    model: { type: 'string' },
    precision: { type: 'string', default: 'int8' },
    rounds: { type: 'string', default: '3' },
    small: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
  },
});
const chosen = flags.only.split(',');
const unknown = chosen.find((part) => !(part in PARTS));
if (unknown !== undefined)
  throw new Error(`there is no part ${unknown}; the parts are ${Object.keys(PARTS).join(', ')}`);

const models = join(root, 'test/.models');
const found = existsSync(models) ? readdirSync(models).find((name) => name.endsWith('.gguf')) : undefined;
const file = flags.model ?? (found === undefined ? undefined : join(models, found));
if (file === undefined) throw new Error('the model is not there: run npm run test:models first');

const threads = Number(flags.threads);
const base = await resolveBase(file, { cache: cacheFolder() });
const tokenizer = loadTokenizer(base.dir);
const scratch = mkdtempSync(join(tmpdir(), 'vera-bench-'));
const figures: Figure[] = [];
let llama: Llama | undefined;
try {
  const limits = await measureLimits(base, flags.precision, threads);
  const setting: Setting = {
    ...{ base, tokenizer, prompts: promptsOf(tokenizer), limits, precision: flags.precision, threads, scratch },
    ...{ rounds: Number(flags.rounds), small: Number(flags.small) },
    llama: async () => (llama ??= flags.alone ? undefined : await openLlama(file, threads)),
    report: (figure) => void figures.push(figure),
  };
  for (const part of chosen) {
    const start = performance.now();
    await PARTS[part]!(setting);
    console.error(`${part}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  const [processor] = cpus();
  const machine = {
    ...{ processor: processor?.model, cores: cpus().length, memoryBytes: totalmem(), node: process.version, threads },
    ...{ precision: flags.precision, llama: llama?.release },
    ...{ bandwidthBytes: limits.bandwidth, operations: limits.operations },
  };
  console.log(
    `${processor?.model}, ${cpus().length} cores, ${threads} threads, ${flags.precision}; reads ${(limits.bandwidth / 1e9).toFixed(1)} GB/s from memory, ${(limits.operations / 1e9).toFixed(0)} G operations/s\n`,
  );
  console.log(table(figures));
  if (flags.json !== undefined) {
    const marked = figures.map((figure) => ({ ...figure, met: meets(figure) }));
    writeFileSync(flags.json, `${JSON.stringify({ machine, figures: marked }, null, 2)}\n`);
  }
} finally {
  llama?.close();
  rmSync(scratch, { recursive: true, force: true });
}
