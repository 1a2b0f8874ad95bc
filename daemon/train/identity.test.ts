import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SettingValue } from '../settings/setting.ts';
import { identityDifference, identityOf } from './identity.ts';
import { completeSettings } from './settings.ts';

const complete = (given: Record<string, SettingValue>) =>
  completeSettings({ data: 'd', base: 'b', out: 'o', length: 48, precision: 'fp32', ...given });
const of = (given: Record<string, SettingValue>): string => identityOf(complete(given), 'f', 'h');

test('the identity of a run has what it learns, and not how fast', () => {
  const one = of({});
  for (const given of [{ lr: 1 }, { steps: 7 }, { threads: 3 }, { samplePrompts: ['a'] }, { evalEvery: 2 }])
    assert.equal(of(given), one);
  for (const [given, says] of [
    [{ seed: 1 }, /^Seed was 0 and is 1$/],
    [{ rank: 4 }, /^Rank was 256 and is 4$/],
    [{ batch: 9 }, /^Batch size was/],
    [{ targets: 'k_proj' }, /^Target modules was/],
    [{ maxExamples: 3 }, /^Maximum number of rows was not set and is 3$/],
    [{ method: 'lora', rank: 256 }, /^Method was vera and is lora/],
  ] as const) {
    assert.notEqual(of(given), one);
    assert.match(identityDifference(one, of(given))!, says);
  }
  assert.match(identityDifference(one, identityOf(complete({}), 'g', 'h'))!, /base model/);
  assert.match(identityDifference(one, identityOf(complete({}), 'f', 'i'))!, /dataset/);
  assert.equal(identityDifference(one, one), undefined);
});

/** As the version before wrote it into checkpoints: with the options of every method. */
const OLD = (method: string, options: string): string =>
  `["f","h",["accumulate",1],${options},["batch",4],["beta1",0.9],["beta2",0.999],["dInitial",0.1],["dropout",0],["epsilon",1e-8],["fimRate",0.5],["heldOut",0.05],["length",48],["lossOn","answer"],["method","${method}"],["onBadRow","error"],["packing","pack"],["precision","fp32"],["projectionKey",0],["rank",256],["seed",0],["targets","q_proj,v_proj"]]`;

test('a checkpoint of the version before is resumed, and one of other settings is not', () => {
  for (const method of ['vera', 'lora', 'full']) {
    const given = method === 'full' ? { method } : { method, rank: 256 };
    assert.equal(identityDifference(OLD(method, '["alpha",256]'), of(given)), undefined, method);
    assert.match(identityDifference(OLD(method, '["alpha",256]'), of({ ...given, seed: 3 }))!, /^Seed was 0 and is 3$/);
  }
  const scaled = of({ method: 'lora', rank: 256, alpha: 8 });
  assert.equal(identityDifference(OLD('lora', '["alpha",256]'), scaled), 'Alpha was 256 and is 8');
});
