/**
 * One measurement of our trainer in a process of its own, so that its peak memory is its own. Prints a JSON line.
 * usage: train-worker.ts MODEL_DIR CACHE fp32|int8 TARGETS BATCH LENGTH STEPS [ROWS.json]
 * Without rows: `STEPS` optimizer steps on full rows of random ids, the speed of the fastest. With rows: one packed epoch.
 */
import { readFileSync } from 'node:fs';
import { type Batch, batches } from '../../daemon/data/batch.ts';
import type { Example } from '../../daemon/data/example.ts';
import { FIRST_OPTIONS } from '../../daemon/methods/options.ts';
import { selectSites } from '../../daemon/methods/targets.ts';
import { vera } from '../../daemon/methods/vera.ts';
import { openBase } from '../../daemon/models/base.ts';
import { linearSites } from '../../daemon/models/registry.ts';
import { AdamW } from '../../daemon/train/optimizer.ts';
import { Step } from '../../daemon/train/step.ts';

const [model, cache, precision, targets, rowsText, lengthText, stepsText, file] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string?,
];
const [rows, length, steps] = [Number(rowsText), Number(lengthText), Number(stepsText)];
const base = openBase(model, cache);
const adaptation = vera.create(selectSites(linearSites(base.config), targets), FIRST_OPTIONS, []);
const theta = Float32Array.from(adaptation.parameters.flatMap((p) => [...p.initial()]));
const step = await Step.create(
  {
    base,
    adaptation,
    precision,
    maxLength: length,
    tokens: rows * length,
    cache,
    dropout: false,
    session: { threads: 2 },
  },
  true,
);
const adam = new AdamW(theta.length);

function randomBatch(): Batch {
  const n = rows * length;
  let state = 1;
  const ids = Int32Array.from(
    { length: n + 1 },
    () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % base.config.vocabulary,
  );
  // The last position of a row has no next token, as in the peer's loss.
  const targets = Int32Array.from({ length: n }, (_, i) => i).filter((i) => i % length !== length - 1);
  return {
    rows,
    length,
    ids: ids.subarray(0, n),
    positions: Int32Array.from({ length: n }, (_, i) => i % length),
    segments: new Int32Array(n).fill(1),
    targets,
    labels: targets.map((i) => ids[i + 1] as number),
    tokens: n,
    examples: rows,
  } as unknown as Batch;
}

async function* examples(): AsyncGenerator<Example> {
  for (const { ids, counts } of JSON.parse(readFileSync(file as string, 'utf8')) as {
    ids: number[];
    counts: number[];
  }[]) {
    yield {
      ids: Int32Array.from(ids.slice(0, length)),
      counts: Uint8Array.from(counts.slice(0, length)),
      source: { file: file as string },
    };
  }
}

const seconds: number[] = [];
const losses: number[] = [];
let tokens = 0;
const began = performance.now();
const source = file
  ? batches(examples(), { rows, length, packing: 'pack' })
  : Array.from({ length: steps }, randomBatch);
for await (const batch of source) {
  const start = performance.now();
  const { loss, gradient } = await step.run(theta, batch);
  adam.step(
    theta,
    gradient.map((g) => g / batch.targets.length),
    [{ start: 0, end: theta.length, rate: 1e-3, decay: 0 }],
  );
  seconds.push((performance.now() - start) / 1000);
  losses.push(loss / batch.targets.length);
  tokens += batch.tokens;
}
const wall = (performance.now() - began) / 1000;
const tokensPerSecond = file ? tokens / wall : (rows * length) / Math.min(...seconds);
console.log(
  JSON.stringify({
    tokensPerSecond,
    seconds: wall,
    tokens,
    steps: seconds.length,
    firstLoss: losses[0],
    lastLoss: losses.at(-1),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
await step.release();
