/**
 * Training speed and peak memory beside HF PEFT, in one run on one machine: `npm run bench:train [-- --steps 4 --rounds 2]`.
 * The two sides take turns, each in a process of its own; the best step of all rounds counts, for both alike. Each line gives
 * the ratio; at the end stand the rates of onnxruntime's own matrix products here, and the speed at which a step would run if
 * it were nothing but products at those rates.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadTokenizer } from '../../daemon/data/tokenizer.ts';
import { random } from '../../daemon/demo/recipe/fim.ts';
import { chatsOf } from '../../daemon/demo/recipe/chat.ts';
import { cacheFolder } from '../../daemon/home.ts';
import { FIRST_OPTIONS } from '../../daemon/methods/options.ts';
import { selectSites } from '../../daemon/methods/targets.ts';
import { vera } from '../../daemon/methods/vera.ts';
import { linearSites } from '../../daemon/models/registry.ts';
import { resolveBase } from '../../daemon/models/resolve.ts';
import { secondsEstimate, stepFootprint } from '../../daemon/train/estimate.ts';
import { measureThroughput } from '../../daemon/train/throughput.ts';
import { weightFormat } from '../../daemon/weights/registry.ts';
import { root } from '../sources.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '2' },
    rows: { type: 'string', default: '96' },
  },
});
const [BATCH, LENGTH, RANK] = [4, 256, 256];
const ALL = 'q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj';
const python = process.env['PEERS_PYTHON'] ?? join(root, 'test/.venv/bin/python');

interface Report {
  tokensPerSecond: number;
  seconds: number;
  peakRssBytes: number;
}

const models = join(root, 'test/.models');
const gguf = existsSync(models) ? readdirSync(models).find((name) => name.endsWith('.gguf')) : undefined;
if (!gguf) throw new Error('the model is not there: run npm run test:models first');
const base = await resolveBase(join(models, gguf), { cache: cacheFolder() });
const scratch = mkdtempSync(join(tmpdir(), 'vera-bench-'));

function last(command: string, args: (string | number)[]): Report {
  const output = execFileSync(command, args.map(String), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 26,
  });
  return JSON.parse(output.trim().split('\n').at(-1) as string) as Report;
}

const ours = (precision: string, targets: string, rows?: string): Report =>
  last(process.execPath, [
    join(root, 'test/bench/train-worker.ts'),
    base.dir,
    cacheFolder(),
    precision,
    targets,
    BATCH,
    LENGTH,
    values.steps,
    ...(rows ? [rows] : []),
  ]);
const peft = (dtype: string, targets: string, rows?: string): Report =>
  last(python, [
    join(root, 'test/peers/train_throughput.py'),
    '--dtype',
    dtype,
    '--model',
    base.dir,
    '--batch',
    BATCH,
    '--length',
    LENGTH,
    '--rank',
    RANK,
    '--targets',
    targets,
    '--steps',
    values.steps,
    ...(rows ? ['--epoch', rows] : []),
  ]);

const best = (reports: Report[]): Report => ({
  tokensPerSecond: Math.max(...reports.map((r) => r.tokensPerSecond)),
  seconds: Math.min(...reports.map((r) => r.seconds)),
  peakRssBytes: Math.max(...reports.map((r) => r.peakRssBytes)),
});

function compare(name: string, mine: () => Report, theirs: () => Report, by: 'tokensPerSecond' | 'seconds'): void {
  const [a, b]: [Report[], Report[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    b.push(theirs());
    a.push(mine());
  }
  const [x, y] = [best(a), best(b)];
  const ratio = by === 'seconds' ? y.seconds / x.seconds : x.tokensPerSecond / y.tokensPerSecond;
  const unit = by === 'seconds' ? 's' : 'tokens/s';
  const memory = `${(x.peakRssBytes / 1e6).toFixed(0)} against ${(y.peakRssBytes / 1e6).toFixed(0)} MB`;
  console.log(
    `${name}: ${x[by].toFixed(1)} against ${y[by].toFixed(1)} ${unit}, ratio ${ratio.toFixed(2)}; peak memory ${memory}, ratio ${(x.peakRssBytes / y.peakRssBytes).toFixed(2)}`,
  );
}

/** Instruction rows out of the documented functions of Python's standard library: ragged, and only the answer counts. */
function instructionRows(count: number): string {
  const library = execFileSync(python, ['-c', 'import os; print(os.path.dirname(os.__file__))'], {
    encoding: 'utf8',
  }).trim();
  const tokenizer = loadTokenizer(base.dir);
  const rows: { ids: number[]; counts: number[] }[] = [];
  for (const name of readdirSync(library)
    .filter((n) => n.endsWith('.py'))
    .sort()) {
    for (const messages of chatsOf(readFileSync(join(library, name), 'utf8'), name, random(name)).map((chat) =>
      chat.map((m) => ({ ...m })),
    )) {
      const prompt = tokenizer.encode(
        tokenizer.renderChat?.(messages.slice(0, -1), { addGenerationPrompt: true }) ?? '',
      );
      const ids = tokenizer.encode(tokenizer.renderChat?.(messages) ?? '');
      rows.push({ ids, counts: ids.map((_, i) => Number(i >= prompt.length)) });
    }
  }
  const file = join(scratch, 'rows.json');
  writeFileSync(file, JSON.stringify(rows.filter((_, i) => i % Math.ceil(rows.length / count) === 0)));
  return file;
}

try {
  for (const [label, targets] of [
    ['q+v', 'q_proj,v_proj'],
    ['all-linear', ALL],
  ] as const) {
    const setting = `VeRA r=${String(RANK)} ${label}, ${String(BATCH)} x ${String(LENGTH)}`;
    compare(
      `${setting}, fp32 against PEFT fp32`,
      () => ours('fp32', targets),
      () => peft('fp32', targets),
      'tokensPerSecond',
    );
    compare(
      `${setting}, int8 against PEFT bf16`,
      () => ours('int8', targets),
      () => peft('bf16', targets),
      'tokensPerSecond',
    );
  }
  for (const precision of ['fp32', 'int8'] as const) {
    const rates = await measureThroughput(precision, 2);
    const adaptation = vera.create(
      selectSites(linearSites(base.config), 'q_proj,v_proj'),
      { ...FIRST_OPTIONS, rank: RANK },
      [],
    );
    const step = stepFootprint(base.config, adaptation, { precision, batch: BATCH, length: LENGTH });
    const seconds = secondsEstimate({ ...step, trafficBytes: 0 }, rates);
    const rate = rates.operations[weightFormat(precision).products]!;
    console.log(
      `products alone, ${precision} q+v: ${((BATCH * LENGTH) / seconds).toFixed(0)} tokens/s at ${(rate / 1e9).toFixed(0)} GFLOP/s`,
    );
  }
  const rows = instructionRows(Number(values.rows));
  compare(
    'an epoch of instruction rows, int8 packed against PEFT bf16 padded',
    () => ours('int8', 'q_proj,v_proj', rows),
    () => peft('bf16', 'q_proj,v_proj', rows),
    'seconds',
  );
  compare(
    'an epoch of instruction rows, fp32 packed against PEFT fp32 padded',
    () => ours('fp32', 'q_proj,v_proj', rows),
    () => peft('fp32', 'q_proj,v_proj', rows),
    'seconds',
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
