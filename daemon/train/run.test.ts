// Slow: trains again and again, interrupted and resumed.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DONE_FIELDS, writeTinyChat, writeTinyModel, writeTinyText } from '../../test/fixtures/train/tiny.ts';
import { loadAdapter } from '../export/adapter.ts';
import { openBase } from '../models/base.ts';
import { VeraError } from '../protocol/errors.ts';
import { listCheckpoints, loadCheckpoint } from './checkpoint.ts';
import type { RunEvent, RunEventOf } from '../protocol/runEvents.ts';
import { evaluateDataset } from './evaluateDataset.ts';
import { completeEvaluation } from './evaluateSettings.ts';
import { checkpointsOf, metricsFile } from './folder.ts';
import { train } from './run.ts';
import { completeSettings, type GivenSettings } from './settings.ts';

const root = mkdtempSync(join(tmpdir(), 'run-'));
after(() => rmSync(root, { recursive: true }));
process.env['VERA_HOME'] = join(root, 'home');
const tiny = writeTinyModel(join(root, 'tiny'));
const text = writeTinyText(join(root, 'text.jsonl'), 120);
let count = 0;

interface Outcome {
  out: string;
  done: RunEventOf<'done'> | undefined;
  events: RunEvent[];
}
type Given = { -readonly [K in keyof GivenSettings]?: GivenSettings[K] };

const settingsOf = (given: Given) =>
  completeSettings({
    ...{
      data: text,
      base: tiny,
      out: join(root, `out-${count++}`),
      length: 48,
      batch: 4,
      rank: 8,
      threads: 1,
      sampleTokens: 0,
    },
    ...given,
  });

/** Runs until the end, or until `stopAfter` steps. */
async function run(given: Given, { resume = false, stopAfter = Infinity } = {}): Promise<Outcome> {
  const settings = settingsOf(given);
  const events: RunEvent[] = [];
  let steps = 0;
  const emit = (event: RunEvent): void => {
    events.push(event);
    if (event.event === 'step') steps++;
  };
  const done = await train(settings, { resume, emit, stopped: () => steps >= stopAfter });
  return { out: settings.out, done, events };
}

const FULL = { method: 'full', rank: undefined, lr: 3e-3 } as const;
const newest = (out: string) => loadCheckpoint(listCheckpoints(checkpointsOf(out))[0]!.file);
const steps = ({ events }: Outcome) => events.filter((event) => event.event === 'step');
const evals = ({ events }: Outcome) => events.filter((event) => event.event === 'eval');
const bytes = (vector: Float32Array | undefined): Buffer =>
  Buffer.from(vector!.buffer, vector!.byteOffset, vector!.byteLength);

function assertSameBits(a: string, b: string): void {
  const [one, two] = [newest(a), newest(b)];
  assert.deepEqual(Object.keys(one.vectors), Object.keys(two.vectors));
  for (const name of Object.keys(one.vectors))
    assert.ok(bytes(one.vectors[name]).equals(bytes(two.vectors[name])), name);
  assert.equal(readFileSync(metricsFile(a), 'utf8'), readFileSync(metricsFile(b), 'utf8'));
  for (const name of readdirSync(a).filter((file) => file.endsWith('.safetensors'))) {
    assert.ok(readFileSync(join(a, name)).equals(readFileSync(join(b, name))), name);
  }
}

let learned: Promise<Outcome> | undefined;
/** The tiny model after some training of all its weights: a base that has something to lose. */
const trained = (): Promise<Outcome> => (learned ??= run({ ...FULL, steps: 60, evalEvery: 20 }));

test('full training: the loss falls, and the result is a model that can be a base', async () => {
  const { out, done, events } = await trained();
  assert.ok(done!.evalLoss! < done!.baseEvalLoss! - 2, `${done!.baseEvalLoss} -> ${done!.evalLoss}`);
  assert.ok(done!.trainLoss! < done!.baseEvalLoss! - 2);
  assert.equal(done!.adapter, out);
  const base = openBase(out, join(root, 'cache'));
  assert.deepEqual([...base.tensors.keys()].sort(), [...openBase(tiny, join(root, 'cache')).tensors.keys()].sort());
  assert.deepEqual(Object.keys(done!), DONE_FIELDS);
  assert.deepEqual(events.at(-1), done);
});

for (const [method, precision, dropout] of [
  ['vera', 'fp32', 0],
  ['vera', 'int8', 0.1],
  ['lora', 'fp32', 0.1],
] as const) {
  test(`${method} in ${precision}: the held-out loss falls, from that of the base`, async () => {
    const { out: base, done: before } = await trained();
    const data = writeTinyChat(join(root, 'chat.jsonl'), 80);
    const outcome = await run({
      base,
      data,
      method,
      precision,
      dropout,
      lr: 0.02,
      targets: 'all-linear',
      steps: 40,
      heldOut: 0.2,
    });
    assert.ok(
      outcome.done!.evalLoss! < outcome.done!.baseEvalLoss! - 0.3,
      `${outcome.done!.baseEvalLoss} -> ${outcome.done!.evalLoss}`,
    );
    assert.ok(before!.trainableParameters > outcome.done!.trainableParameters);
    assert.ok(existsSync(join(outcome.out, 'adapter_model.safetensors')));
  });
}

test('the type of the base is kept by full training', async () => {
  const base = writeTinyModel(join(root, 'tiny-bf16'), { dtype: 'BF16' });
  const { out } = await run({ ...FULL, base, steps: 2 });
  assert.ok([...openBase(out, join(root, 'cache')).tensors.values()].every(({ dtype }) => dtype === 'BF16'));
});

test('stopped after any step and resumed: the same bits as without, with dropout, accumulation, epochs, int8 and every packing', async () => {
  const given: Given = {
    base: (await trained()).out,
    dropout: 0.2,
    accumulate: 2,
    epochs: 2,
    batch: 2,
    evalEvery: 4,
    heldOut: 0.1,
    checkpointEvery: 5,
    schedule: 'cosine',
    warmup: 3,
  };
  const whole = await run(given);
  const total = steps(whole).length;
  assert.ok(total >= 10, `${total} steps`);
  for (const packing of ['pack', 'bucket', 'none'] as const) {
    if (packing === 'none') given.precision = 'int8';
    const reference = packing === 'pack' ? whole : await run({ ...given, packing });
    for (const stopAfter of packing === 'pack' ? [1, 4, 7, total - 1] : [3]) {
      const out = join(root, `resumed-${packing}-${stopAfter}`);
      const stopped = await run({ ...given, packing, out }, { stopAfter });
      assert.equal(stopped.done, undefined);
      assert.equal(stopped.events.at(-1)?.event, 'stopped');
      const resumed = await run({ ...given, packing, out }, { resume: true });
      assert.deepEqual(
        { ...resumed.done, adapter: '', tokensPerSecond: 0, peakRssBytes: 0 },
        { ...reference.done, adapter: '', tokensPerSecond: 0, peakRssBytes: 0 },
      );
      assertSameBits(reference.out, out);
    }
  }
});

test('the same settings give the same bits, another seed gives others', async () => {
  const given: Given = { base: (await trained()).out, steps: 4, dropout: 0.1 };
  const [one, two, other] = [await run(given), await run(given), await run({ ...given, seed: 1 })];
  assertSameBits(one.out, two.out);
  assert.throws(() => assertSameBits(one.out, other.out));
});

test('two accumulated batches make the step of one that is twice as large', async () => {
  const given: Given = { base: (await trained()).out, steps: 6, packing: 'none', heldOut: 0, clip: 0 };
  const large = await run({ ...given, batch: 4 });
  const small = await run({ ...given, batch: 2, accumulate: 2 });
  const [a, b] = [steps(large), steps(small)];
  assert.deepEqual(b.map(({ tokens }) => tokens), a.map(({ tokens }) => tokens)); // prettier-ignore
  for (const [i, { loss, gradientNorm }] of a.entries()) {
    assert.ok(Math.abs(b[i]!.loss - loss) < 1e-4, `loss of step ${i + 1}: ${loss}, ${b[i]!.loss}`);
    assert.ok(Math.abs(b[i]!.gradientNorm / gradientNorm - 1) < 1e-3, `gradient of step ${i + 1}`);
  }
});

test('the learning rates of b and d are their own', async () => {
  const base = (await trained()).out;
  const vectorsOf = async (given: Given): Promise<{ b: boolean; d: boolean }> => {
    const { out } = await run({ base, steps: 3, heldOut: 0, targets: 'q_proj', layers: '0', ...given });
    const { theta } = newest(out).vectors;
    return {
      b: theta!.subarray(0, 32).some((value) => value !== 0),
      d: theta!.subarray(32).some((value) => value !== Math.fround(0.1)),
    };
  };
  assert.deepEqual(await vectorsOf({ lrD: 0 }), { b: true, d: false });
  assert.deepEqual(await vectorsOf({}), { b: true, d: true });
});

test('clipping limits the step, and the event has the norm before clipping', async () => {
  const free = await run({ ...FULL, steps: 1, heldOut: 0, clip: 0 });
  const bound = await run({ ...FULL, steps: 1, heldOut: 0, clip: 0.01 });
  assert.equal(steps(bound)[0]!.gradientNorm, steps(free)[0]!.gradientNorm);
  const norm = (out: string): number => Math.hypot(...newest(out).vectors['mean']!);
  assert.ok(Math.abs(norm(bound.out) - 0.1 * 0.01) < 1e-6); // Adam's first mean is (1 - beta1) times the gradient
  assert.ok(norm(free.out) > norm(bound.out) * 10);
});

test('early stopping: patience runs out on a held-out loss that rises, and the best parameters are kept', async () => {
  const data = writeTinyText(join(root, 'few.jsonl'), 12, 'few');
  const outcome = await run({
    ...FULL,
    data,
    lr: 0.02,
    schedule: 'constant',
    steps: 400,
    heldOut: 0.4,
    evalEvery: 2,
    patience: 3,
  });
  const taken = steps(outcome).length;
  assert.ok(taken < 400, 'it ran to the end');
  const best = evals(outcome).slice(1).reduce((a, b) => (b.loss < a.loss ? b : a)); // prettier-ignore
  assert.equal(taken, best.step + 3 * 2);
  assert.equal(outcome.done!.evalLoss, best.loss);
  const { vectors } = newest(outcome.out);
  assert.ok(!bytes(vectors['best']).equals(bytes(vectors['theta'])));
  const again = await run({ ...FULL, data, base: outcome.out, steps: 1, heldOut: 0.4 });
  assert.ok(Math.abs(again.done!.baseEvalLoss! - best.loss) < 1e-5, 'the folder holds the best parameters');
});

for (const lr of [1e30, 1e19]) {
  test(`learning rate ${lr}: values that overflow end the run at the last good checkpoint`, async () => {
    const given: Given = {
      base: (await trained()).out,
      lr,
      steps: 20,
      heldOut: 0,
      checkpointEvery: 1,
      schedule: 'constant',
    };
    const settings = settingsOf(given);
    await assert.rejects(
      train(settings, { resume: false, stopped: () => false, emit: () => undefined }),
      (error: unknown) => {
        assert.ok(error instanceof VeraError && error.code === 'numeric');
        assert.match(
          error.message,
          /^the (loss is not finite|gradient is zero everywhere) at step \d+ .*stopped at the last good checkpoint, step \d+, .*\.ckpt; resume from it with a lower learning rate/,
        );
        return true;
      },
    );
    const [good] = listCheckpoints(checkpointsOf(settings.out));
    assert.ok(loadCheckpoint(good!.file).vectors['theta']!.every(Number.isFinite));
    assert.ok(!existsSync(join(settings.out, 'adapter_config.json')));
    const resumed = await run({ ...given, out: settings.out, lr: 1e-3 }, { resume: true });
    assert.equal(steps(resumed).at(-1)!.step, 20);
    assert.ok(Number.isFinite(resumed.done!.trainLoss));
  });
}

for (const [name, spoil] of [
  ['NaN', NaN],
  ['infinite', Infinity],
] as const) {
  test(`a base with a ${name} weight is named before anything is learned`, async () => {
    const base = writeTinyModel(join(root, `tiny-${name}`), { spoil });
    for (const heldOut of [0, 0.2]) {
      await assert.rejects(
        run({ base, steps: 3, heldOut }),
        /loss is not finite on the base model .* before anything was learned: tensor "model\.layers\.0\.mlp\.up_proj\.weight"/,
      );
    }
  });
}

test('a damaged newest checkpoint: the one before it leads to the same bits', async () => {
  const given: Given = { base: (await trained()).out, steps: 12, checkpointEvery: 4, evalEvery: 3, heldOut: 0.1 };
  const reference = await run(given);
  const out = join(root, 'damaged');
  await run({ ...given, out }, { stopAfter: 9 });
  const [last] = listCheckpoints(checkpointsOf(out));
  assert.equal(last?.step, 9);
  const whole = readFileSync(last.file);
  whole[whole.length >> 1] = whole[whole.length >> 1]! ^ 64;
  writeFileSync(last.file, whole);
  const resumed = await run({ ...given, out }, { resume: true });
  assert.ok(
    resumed.events.some((event) => event.event === 'note' && /step-00000009\.ckpt" is damaged/.test(event.text)),
  );
  assert.equal(steps(resumed)[0]!.step, 9);
  assertSameBits(reference.out, out);
});

test('what a killed process left half-written is gone after the next start, even while that process is still listed', async () => {
  const given: Given = { base: tiny, steps: 4, out: join(root, 'killed'), heldOut: 0 };
  const { out } = await run(given, { stopAfter: 2 });
  const left = [join(out, '.run.json.1.0123abcd.tmp'), join(checkpointsOf(out), '.step-00000000.ckpt.1.0123abcd.tmp')];
  const others = join(out, '.notes.tmp');
  for (const file of [...left, others]) writeFileSync(file, 'half');
  await run(given, { resume: true });
  assert.deepEqual(left.filter(existsSync), []);
  assert.ok(existsSync(others), 'a file of the person was removed');
});

test('a checkpoint is not resumed with another base or dataset', async () => {
  const base = (await trained()).out;
  const given: Given = { base, steps: 6, out: join(root, 'another'), heldOut: 0 };
  await run(given, { stopAfter: 2 });
  await assert.rejects(
    run({ ...given, base: tiny }, { resume: true }),
    /belongs to another base, dataset or settings: the base model is another one/,
  );
  await assert.rejects(
    run({ ...given, data: writeTinyText(join(root, 'new.jsonl'), 30, 'new') }, { resume: true }),
    /the dataset has changed/,
  );
  await assert.rejects(run({ ...given, projectionKey: 9 }, { resume: true }), /Projection seed was 0 and is 9/);
});

for (const method of ['vera', 'lora']) {
  test(`${method}: an adapter that starts at the answer learns, keeps its start, and resumes to the same bits`, async () => {
    const chat = writeTinyChat(join(root, `${method}-late.jsonl`), 60);
    const given = {
      ...{ data: chat, method, activateAfter: 'answer', lr: method === 'vera' ? 0.2 : 2e-2, targets: 'all-linear' },
      steps: 24,
      heldOut: 0.2,
      sampleTokens: 3,
    };
    const whole = await run({ ...given, checkpointEvery: 5 });
    assert.ok(whole.done!.evalLoss! < whole.done!.baseEvalLoss! - 0.1);
    const stopped = await run({ ...given, checkpointEvery: 5 }, { stopAfter: 7 });
    await run({ ...given, checkpointEvery: 5, out: stopped.out }, { resume: true });
    assertSameBits(whole.out, stopped.out);
    const base = openBase(tiny, join(root, 'cache'));
    assert.equal(loadAdapter(whole.out, base).adapter.options['activateAfter'], 'answer');

    const settings = completeEvaluation({ length: 48, threads: 1, precision: 'int8' });
    const cache = join(root, 'cache');
    const measured = await evaluateDataset({ data: chat, adapter: whole.out, base: tiny, settings }, { cache });
    const plain = await evaluateDataset({ data: chat, base: tiny, settings }, { cache });
    assert.deepEqual([measured.unstarted, measured.tokens], [0, plain.tokens]);
    assert.ok(Number(measured['loss']) < Number(plain['loss']) - 0.1);
    await assert.rejects(
      evaluateDataset({ data: text, adapter: whole.out, base: tiny, settings }, { cache }),
      /starts at the answer, which is in none of these rows/,
    );
    await assert.rejects(run({ ...given, data: text }), /no row has an answer, which is where it begins/);
    await assert.rejects(run({ ...given, activateAfter: 'middle' }), /the base has no token before a middle/);
    assert.throws(() => settingsOf({ ...given, lossOn: 'all' }), /only if the answers alone count in the loss/);
  });
}

test('samples are written before and after', async () => {
  const { events } = await run({
    ...FULL,
    steps: 20,
    heldOut: 0,
    sampleTokens: 5,
    samplePrompts: ['the fox', 'a user'],
  });
  const samples = events.filter((event) => event.event === 'sample');
  assert.deepEqual(samples.map(({ when, prompt }) => [when, prompt]), [['before', 'the fox'], ['before', 'a user'], ['after', 'the fox'], ['after', 'a user']]); // prettier-ignore
  assert.notEqual(samples[0]!.text, samples[2]!.text);
});

test('a row longer than the model reads is refused', async () => {
  await assert.rejects(run({ length: 129 }), /Row length 129 is more than the 128 tokens/);
});
