/**
 * How much loss training in int8 costs: runs the same training in fp32 and in int8 and evaluates both adapters in fp32.
 * usage: node test/bench/precision.ts --base M [--steps 40 --batch 4 --length 128 --rate 0.004] DATASET...
 * Prints the held-out losses of base and adapters for each dataset, and how far the loss of int8 is above that of fp32.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDataset } from '../../daemon/data/dataset.ts';
import { batches } from '../../daemon/data/batch.ts';
import { loadTokenizer } from '../../daemon/data/tokenizer.ts';
import { loadAdapter } from '../../daemon/export/adapter.ts';
import { cacheFolder } from '../../daemon/home.ts';
import { resolveBase } from '../../daemon/models/resolve.ts';
import { Step } from '../../daemon/train/step.ts';
import { root } from '../sources.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string', default: '' },
    steps: { type: 'string', default: '40' },
    batch: { type: 'string', default: '4' },
    length: { type: 'string', default: '128' },
    rate: { type: 'string', default: '0.004' },
    batches: { type: 'string', default: '24' },
  },
});
const base = await resolveBase(values.base, { cache: cacheFolder() });
const length = Number(values.length);
const scratch = mkdtempSync(join(tmpdir(), 'vera-precision-'));

function train(data: string, precision: string): string {
  const out = join(scratch, `${precision}-${String(Math.random()).slice(2)}`);
  const options = [
    '--precision',
    precision,
    '--steps',
    values.steps,
    '--batch',
    values.batch,
    '--length',
    values.length,
    '--lr',
    values.rate,
  ];
  const quiet = ['--eval-batches', '1', '--eval-every', '100000', '--on-bad-row', 'skip', '--json'];
  execFileSync(
    process.execPath,
    [join(root, 'daemon/cli/main.ts'), 'train', data, '--base', base.dir, '--out', out, ...options, ...quiet],
    { stdio: 'ignore' },
  );
  return out;
}

/** Mean loss over the held-out rows, in fp32: of an adapter, or of the base. */
async function heldOutLoss(data: string, adapterDir: string, asBase: boolean): Promise<number> {
  const { adapter, adaptation } = loadAdapter(adapterDir, base);
  const dataset = await openDataset(data, {
    tokenizer: loadTokenizer(base.dir),
    length,
    lossOn: 'answer',
    onBadRow: 'skip',
    heldOut: 0.05,
    fimRate: 0,
  });
  const theta = asBase ? new Float32Array(adapter.theta.length) : adapter.theta;
  const step = await Step.create(
    {
      base,
      adaptation,
      precision: 'fp32',
      maxLength: length,
      tokens: 4 * length,
      cache: cacheFolder(),
      dropout: false,
    },
    false,
  );
  let [sum, counted, left] = [0, 0, Number(values.batches)];
  for await (const batch of batches(dataset.heldOut(), { rows: 4, length, packing: 'bucket' })) {
    if (left-- === 0) break;
    sum += (await step.run(theta, batch)).loss;
    counted += batch.targets.length;
  }
  await step.release();
  return sum / counted;
}

try {
  for (const data of positionals) {
    const [fp32, int8] = [train(data, 'fp32'), train(data, 'int8')];
    const [before, exact, quantised] = [
      await heldOutLoss(data, fp32, true),
      await heldOutLoss(data, fp32, false),
      await heldOutLoss(data, int8, false),
    ];
    console.log(
      JSON.stringify({
        data,
        base: before,
        fp32: exact,
        int8: quantised,
        difference: `${(100 * (quantised / exact - 1)).toFixed(3)} %`,
      }),
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
