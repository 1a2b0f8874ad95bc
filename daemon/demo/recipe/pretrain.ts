/**
 * Pretrains the demo model from its random initialisation with the `full` method (fp32, AdamW, cosine).
 *
 * usage: node daemon/demo/recipe/pretrain.ts INIT_DIR TOKENS.u16 OUT_DIR --minutes M [--threads N] [--rate R]
 * TOKENS.u16: token ids; id 0 ends a document. Runs for M minutes of processor time per thread. The schedule follows that clock, so
 * that the rate reaches its end on any machine. Prints a line every 20 steps and leaves OUT_DIR/model.safetensors in fp16.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Batch } from '../../data/batch.ts';
import { encodeFloats } from '../../formats/float.ts';
import { readFloats, writeSafetensors } from '../../formats/safetensors.ts';
import { cacheFolder } from '../../home.ts';
import { full } from '../../methods/full.ts';
import { FIRST_OPTIONS } from '../../methods/options.ts';
import { openBase } from '../../models/base.ts';
import { AdamW, clip, type Group } from '../../train/optimizer.ts';
import { Step } from '../../train/step.ts';

const END = 0;
const ROWS = 8;
const LENGTH = 256;
const FLOOR = 0.05; // of the peak learning rate, at the end

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '45' },
    threads: { type: 'string', default: '2' },
    rate: { type: 'string', default: '0.002' },
  },
});
const [init, tokensFile, out] = positionals as [string, string, string];
const bytes = readFileSync(tokensFile);
const tokens = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
const base = openBase(init, cacheFolder());
const tensors = [...base.tensors.values()].map((entry) => ({
  name: entry.name,
  shape: entry.shape,
  read: () => readFloats(entry),
}));
const adaptation = full.create([], FIRST_OPTIONS, tensors);
const { parameters } = adaptation;
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const theta = new Float32Array(parameters.reduce((sum, p) => sum + size(p.shape), 0));
const spans = parameters.map((parameter, i) => {
  const start = parameters.slice(0, i).reduce((sum, p) => sum + size(p.shape), 0);
  theta.set(parameter.initial(), start);
  return { start, end: start + size(parameter.shape), decay: parameter.decay ? 0.1 : 0 };
});

/** A seeded order of the windows of the corpus: every window is seen once before any is seen again. */
function* windows(): Generator<number> {
  const count = Math.floor((tokens.length - 1) / LENGTH);
  let state = 1;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (;;) {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    yield* order;
  }
}

/** Rows of the corpus as packed documents: attention and positions start again after each end-of-document token. */
function batchOf(starts: readonly number[]): Batch {
  const n = ROWS * LENGTH;
  const batch = {
    ids: new Int32Array(n),
    positions: new Int32Array(n),
    segments: new Int32Array(n),
    labels: new Int32Array(n),
  };
  starts.forEach((window, row) => {
    let position = 0;
    let segment = 1;
    for (let t = 0; t < LENGTH; t++) {
      const at = row * LENGTH + t;
      const id = tokens[window * LENGTH + t] as number;
      batch.ids[at] = id;
      batch.labels[at] = tokens[window * LENGTH + t + 1] as number;
      batch.positions[at] = position++;
      batch.segments[at] = segment;
      if (id === END) {
        position = 0;
        segment += 1;
      }
    }
  });
  // After the end of a document comes another one, which cannot be predicted.
  const targets = Int32Array.from({ length: n }, (_, i) => i).filter((i) => batch.ids[i] !== END);
  const labels = Int32Array.from(targets, (i) => batch.labels[i] as number);
  return { ...batch, rows: ROWS, length: LENGTH, targets, labels, tokens: n, examples: ROWS } as unknown as Batch;
}

const minutes = Number(values.minutes);
const step = await Step.create(
  {
    base,
    adaptation,
    precision: 'fp32',
    maxLength: LENGTH,
    tokens: ROWS * LENGTH,
    cache: cacheFolder(),
    dropout: false,
    session: { threads: Number(values.threads) },
  },
  true,
);
const adam = new AdamW(theta.length, { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 });
const order = windows();
const began = process.cpuUsage();
/** Minutes of processor time per thread, so that a run that is paused or shares its machine trains for as long. */
const elapsed = (): number => {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 60e6 / Number(values.threads);
};
let average: number | undefined;
let saved = 0;
while (elapsed() < minutes) {
  const batch = batchOf(Array.from({ length: ROWS }, () => order.next().value as number));
  const { loss, gradient } = await step.run(theta, batch);
  const scaled = gradient.map((g) => g / batch.targets.length);
  const norm = clip(scaled, 1);
  const progress = elapsed() / minutes;
  const rate =
    Number(values.rate) *
    Math.min((adam.count + 1) / 100, FLOOR + (1 - FLOOR) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress))));
  adam.step(
    theta,
    scaled,
    spans.map((span): Group => ({ ...span, rate })),
  );
  average = average === undefined ? loss / batch.targets.length : 0.98 * average + (0.02 * loss) / batch.targets.length;
  if (adam.count % 20 === 0) {
    const seen = adam.count * ROWS * LENGTH;
    console.log(
      `step ${String(adam.count)} tokens ${String(seen)} loss ${average.toFixed(4)} norm ${norm.toFixed(2)} rate ${rate.toExponential(2)} minutes ${elapsed().toFixed(1)} tokens/s ${(seen / elapsed() / 60).toFixed(0)}`,
    );
  }
  if (elapsed() - saved > 5) {
    save();
    saved = elapsed();
  }
}
await step.release();
save();

function save(): void {
  mkdirSync(out, { recursive: true });
  for (const file of ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(init, file), join(out, file));
  const sources = parameters.map(({ name, shape }, i) => ({
    name,
    dtype: 'F16' as const,
    shape: [...shape],
    bytes: () => encodeFloats('F16', theta.subarray(spans[i]?.start, spans[i]?.end)),
  }));
  writeSafetensors(join(out, 'model.safetensors'), sources, { format: 'pt' });
}
