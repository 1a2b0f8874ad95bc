import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { adapterFixture, adapterNames, modelFixture, modelNames } from '../../test/fixtures/read.ts';
import { loadAdapter } from '../export/adapter.ts';
import { unadapted } from '../models/adaptation.ts';
import { openBase } from '../models/base.ts';
import { Logits } from './logits.ts';

const cache = mkdtempSync(join(tmpdir(), 'vera-logits-'));
after(() => rmSync(cache, { recursive: true, force: true }));

const largestDifference = (one: Float32Array, two: Float32Array): number => {
  assert.equal(one.length, two.length);
  return one.reduce((largest, value, i) => Math.max(largest, Math.abs(value - two[i]!)), 0);
};

for (const name of modelNames()) {
  test(`${name}: the logits of transformers`, async () => {
    const { dir, ids, logits } = modelFixture(name);
    const model = await Logits.create({ base: openBase(dir, cache), adaptation: unadapted, maxLength: 64, cache });
    for (const [i, row] of ids.entries()) {
      assert.ok(largestDifference(await model.run(new Float32Array(), { ids: row }), logits[i]!) < 1e-4);
    }
    await model.release();
  });
}

for (const name of adapterNames()) {
  test(`${name}: the logits of PEFT with its adapter on the model`, async () => {
    const { dir, adapter: folder, ids, logits } = adapterFixture(name);
    const base = openBase(dir, cache);
    const { adapter, adaptation } = loadAdapter(folder, base);
    const model = await Logits.create({ base, adaptation, maxLength: 64, cache });
    for (const [i, row] of ids.entries()) {
      const difference = largestDifference(await model.run(adapter.theta, { ids: row }), logits[i]!);
      assert.ok(difference < 1e-4, `row ${i}: ${difference}`);
    }
    await model.release();
  });
}
