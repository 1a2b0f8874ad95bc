import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { modelFixture, modelNames } from '../../test/fixtures/read.ts';
import { cosine, largestDifference, logits } from '../../test/logits.ts';
import { batchOf, oneStep, randomTheta } from '../../test/step.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { FIRST_OPTIONS } from '../methods/options.ts';
import { vera } from '../methods/vera.ts';
import { unadapted } from './adaptation.ts';
import { openBase } from './base.ts';
import { ARCHITECTURES, linearSites } from './registry.ts';

const cache = temporaryFolder();
const open = (name: string) => openBase(modelFixture(name).dir, cache);

test('a fixture stands for every architecture', () => {
  const there = new Set(modelNames().map((name) => open(name).config.architecture));
  assert.deepEqual([...there].sort(), [...ARCHITECTURES].sort());
});

for (const name of modelNames()) {
  test(`${name}: the logits are those of transformers`, async () => {
    const fixture = modelFixture(name);
    const ours = await logits(
      { base: open(name), cache },
      fixture.ids.map((ids) => ({ ids })),
    );
    fixture.logits.forEach((theirs, i) => {
      assert.ok(largestDifference(ours[i]!, theirs) < 1e-4, `row ${i}: ${largestDifference(ours[i]!, theirs)}`);
      assert.ok(Math.max(...theirs) - Math.min(...theirs) > 1, 'the logits say something');
    });
  });

  test(`${name}: the loss of a row is that of transformers, alone and padded beside another`, async () => {
    const { dir, ids } = modelFixture(name);
    const rows = ids.filter((row) => row.length > 1);
    const { losses } = JSON.parse(readFileSync(join(dir, 'ids.json'), 'utf8')) as { losses: number[] };
    assert.equal(losses.length, rows.length);
    const loss = async (batch: number[][]) =>
      (
        await oneStep({
          base: open(name),
          cache,
          adaptation: unadapted,
          theta: new Float32Array(),
          batch: batchOf(batch),
          train: false,
        })
      ).loss;
    const sums = losses.map((mean, i) => mean * (rows[i]!.length - 1));
    for (const [i, row] of rows.entries()) assert.ok(Math.abs((await loss([row])) - sums[i]!) < 1e-4 * sums[i]!);
    const all = sums.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs((await loss(rows)) - all) < 1e-4 * all);
  });
}

test('examples packed into one row are computed as if each stood alone', async () => {
  for (const name of ['llama-gqa-tied-bf16', 'qwen2']) {
    const [a, b] = [modelFixture(name).ids[0]!.slice(0, 17), modelFixture(name).ids[1]!];
    const alone = await logits({ base: open(name), cache }, [{ ids: a }, { ids: b }]);
    const places = (row: number[]) => row.map((_, i) => i);
    const [packed] = await logits({ base: open(name), cache }, [
      {
        ids: [...a, ...b, 0, 0],
        positions: [...places(a), ...places(b), 0, 0],
        segments: [...a.map(() => 1), ...b.map(() => 2), 0, 0],
      },
    ]);
    const vocabulary = open(name).config.vocabulary;
    const expected = [...alone[0]!, ...alone[1]!];
    assert.ok(largestDifference(packed!.subarray(0, (a.length + b.length) * vocabulary), expected) < 1e-5);
    // The same ids as one example see each other, so that the comparison above could have failed.
    const [mixed] = await logits({ base: open(name), cache }, [{ ids: [...a, ...b] }]);
    assert.ok(largestDifference(mixed!, expected) > 1e-2);
  }
});

test('packed examples give the gradient of separate rows', async () => {
  const base = open('llama');
  const adaptation = vera.create(linearSites(base.config), { ...FIRST_OPTIONS, rank: 8 }, []);
  const theta = randomTheta(adaptation);
  const [a, b] = [modelFixture('llama').ids[0]!.slice(0, 12), modelFixture('llama').ids[1]!];
  const separate = batchOf([a, b]);
  const length = a.length + b.length - 2;
  const packed = {
    ...separate,
    rows: 1,
    length,
    ids: Int32Array.from([...a.slice(0, -1), ...b.slice(0, -1)]),
    positions: Int32Array.from([...a.keys()].slice(0, -1).concat([...b.keys()].slice(0, -1))),
    segments: Int32Array.from([...a.slice(1).map(() => 1), ...b.slice(1).map(() => 2)]),
    targets: Int32Array.from({ length }, (_, i) => i),
  };
  const [one, other] = [
    await oneStep({ base, cache, adaptation, theta, batch: separate }),
    await oneStep({ base, cache, adaptation, theta, batch: packed }),
  ];
  assert.ok(Math.abs(one.loss - other.loss) < 1e-5 * one.loss);
  const size = Math.max(...one.gradient.map(Math.abs));
  assert.ok(size > 0.01 && largestDifference(one.gradient, other.gradient) < 1e-5 * size);
});

test('int8 gives a loss near the exact one and a gradient in its direction', async () => {
  for (const name of ['llama', 'qwen2']) {
    const base = open(name);
    const adaptation = vera.create(linearSites(base.config), { ...FIRST_OPTIONS, rank: 16 }, []);
    const theta = randomTheta(adaptation);
    const batch = batchOf(modelFixture(name).ids.filter((row) => row.length > 1));
    const [exact, int8] = [
      await oneStep({ base, cache, adaptation, theta, batch }),
      await oneStep({ base, cache, adaptation, theta, batch, precision: 'int8' }),
    ];
    assert.ok(Math.abs(int8.loss / exact.loss - 1) < 0.02, `${name}: ${int8.loss} and ${exact.loss}`);
    const similarity = cosine(exact.gradient, int8.gradient);
    assert.ok(similarity > 0.9 && similarity < 1, `${name}: cosine ${similarity}`);
  }
});

test('the same step gives the same bits', async () => {
  const base = open('mistral-fp16');
  const adaptation = vera.create(linearSites(base.config), { ...FIRST_OPTIONS, rank: 8 }, []);
  const options = {
    base,
    cache,
    adaptation,
    theta: randomTheta(adaptation),
    batch: batchOf([modelFixture('mistral-fp16').ids[0]!]),
  };
  assert.deepEqual(await oneStep(options), await oneStep(options));
});
