import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelFixture } from '../../test/fixtures/read.ts';
import { cosine, largestDifference, logits } from '../../test/logits.ts';
import { merged } from '../../test/merged.ts';
import { batchOf, initialTheta, oneStep, randomTheta, slopeAlongGradient, thetaSize } from '../../test/step.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { layoutOf } from '../layout.ts';
import { openBase } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { lora } from './lora.ts';
import { FIRST_OPTIONS } from './options.ts';
import { selectSites } from './targets.ts';

const cache = temporaryFolder();
const fixture = modelFixture('qwen2');
const base = openBase(fixture.dir, cache);
const sites = selectSites(linearSites(base.config), 'all-linear');
const batch = batchOf(fixture.ids.filter((row) => row.length > 1));
const create = (alpha = 8, seed = 0) => lora.create(sites, { ...FIRST_OPTIONS, rank: 4, alpha, seed }, []);

test('before training it changes nothing: B is zero, A is random within 1 / sqrt(dIn), by the seed', async () => {
  const theta = initialTheta(create());
  const rows = [{ ids: fixture.ids[0]! }];
  const [plain, adapted] = [
    await logits({ base, cache }, rows),
    await logits({ base, cache, adaptation: create(), theta }, rows),
  ];
  assert.equal(largestDifference(plain[0]!, adapted[0]!), 0);
  const [a, b] = create().parameters;
  const values = a!.initial();
  const bound = 1 / Math.sqrt(sites[0]!.dIn);
  assert.ok(
    values.every((v) => Math.abs(v) <= bound * (1 + 1e-6)) &&
      Math.max(...values) > 0.9 * bound &&
      Math.min(...values) < -0.9 * bound,
  );
  assert.ok(b!.initial().every((v) => v === 0));
  assert.deepEqual(initialTheta(create(8, 0)), theta);
  assert.notDeepEqual(initialTheta(create(8, 1)), theta);
});

test('the loss falls along the gradient as fast as the gradient says', async () => {
  const slope = await slopeAlongGradient({
    base,
    cache,
    adaptation: create(),
    theta: randomTheta(create(), 0.2),
    batch,
  });
  assert.ok(Math.abs(slope - 1) < 0.01, String(slope));
});

test('a merged weight gives the logits of the adapter, whose update grows with alpha', async () => {
  const rows = fixture.ids.map((ids) => ({ ids }));
  const theta = randomTheta(create(), 0.2);
  const run = (adaptation: ReturnType<typeof create> | ReturnType<typeof merged>) =>
    logits({ base, cache, adaptation, theta }, rows);
  const [apart, whole, stronger] = [await run(create()), await run(merged(create())), await run(create(16))];
  apart.forEach((row, i) => {
    assert.ok(largestDifference(row, whole[i]!) < 1e-4);
    assert.ok(largestDifference(row, stronger[i]!) > 0.01);
  });
});

test('int8 keeps the direction of the gradient', async () => {
  const options = { base, cache, adaptation: create(), theta: randomTheta(create(), 0.2), batch };
  const [exact, int8] = [await oneStep(options), await oneStep({ ...options, precision: 'int8' })];
  assert.ok(cosine(exact.gradient, int8.gradient) > 0.9);
});

test('the count of parameters is that of the vector', () => {
  assert.equal(thetaSize(create()), layoutOf(lora.tensors(sites, { ...FIRST_OPTIONS, rank: 4 })).size);
});
