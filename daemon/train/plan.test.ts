import assert from 'node:assert/strict';
import fs, { existsSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { trainableGguf } from '../../test/fixtures/gguf/build.ts';
import { adapterFixture } from '../../test/fixtures/read.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { DEMO_MODEL } from '../demo/run.ts';
import { selectSites } from '../methods/targets.ts';
import { linearSites } from '../models/registry.ts';
import { resolveConfig } from '../models/resolve.ts';
import { trainPlan } from '../protocol/plans.ts';
import { openPlanning } from './planning.ts';
import { planEvaluation, planTraining } from './plan.ts';
import { completeEvaluation } from './evaluateSettings.ts';
import { completeSettings } from './settings.ts';
import { dataPlan, savingsPlan } from './planParts.ts';

const root = temporaryFolder();
const data = join(root, 'rows.jsonl');
const row = (i: number): string => JSON.stringify({ prompt: `What is ${i} and ${i}?`, completion: `It is ${2 * i}.` });
writeFileSync(data, Array.from({ length: 80 }, (_, i) => row(i)).join('\n'));
const cache = { cache: join(root, 'cache') };
const config = await resolveConfig(DEMO_MODEL, cache);
const settings = {
  ...completeSettings({ data, base: DEMO_MODEL, out: join(root, 'out'), rank: 64, heldOut: 0.1, precision: 'fp32' }),
  length: 128,
};

test('the dataset as the run will read it', async () => {
  const plan = await dataPlan(settings, cache, openPlanning([], true));
  assert.ok(plan);
  assert.equal(plan.format, 'JSONL, prompt and completion');
  assert.equal(plan.rows + plan.heldOutRows, 80);
  assert.ok(plan.steps >= 1 && plan.steps < 80);
  assert.equal((await dataPlan({ ...settings, epochs: 3 }, cache, openPlanning([], true)))?.steps, 3 * plan.steps);
  assert.equal((await dataPlan({ ...settings, steps: 7 }, cache, openPlanning([], true)))?.steps, 7);
});

test('a wrong row is an error with its line, or is counted where it is to be left out', async () => {
  const bad = join(root, 'bad.jsonl');
  writeFileSync(
    bad,
    [row(1), '{"prompt": "no completion"}', ...Array.from({ length: 20 }, (_, i) => row(i))].join('\n'),
  );
  await assert.rejects(dataPlan({ ...settings, data: bad }, cache, openPlanning([], true)), {
    code: 'data',
    message: /bad\.jsonl, line 2/,
  });
  const plan = await dataPlan({ ...settings, data: bad, onBadRow: 'skip' }, cache, openPlanning([], true));
  assert.equal(plan?.skipped, 1);
  assert.match(plan.firstSkipped ?? '', /line 2/);
});

test('no tokenizer is downloaded for it', async () => {
  assert.equal(await dataPlan({ ...settings, base: 'nobody/nothing' }, cache, openPlanning([], true)), undefined);
});

test('the data of a GGUF file is read before its conversion', async () => {
  const gguf = join(root, 'small.gguf');
  writeFileSync(gguf, trainableGguf());
  const plan = await dataPlan({ ...settings, base: gguf }, cache, openPlanning([], true));
  assert.equal(plan?.rows, (await dataPlan(settings, cache, openPlanning([], true)))?.rows);
  assert.ok(!existsSync(join(cache.cache, 'gguf')), 'nothing was converted');
});

test('costs beside LoRA grow with its rank', () => {
  const sites = selectSites(linearSites(config), 'q_proj,v_proj');
  const costs = savingsPlan(settings, config, sites);
  assert.ok(costs);
  const sizes = costs.baselines.map(({ adapterBytes }) => adapterBytes!);
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  );
  assert.equal(
    costs.own.parameters,
    sites.reduce((sum, { dOut }) => sum + dOut + 64, 0),
  );
  assert.ok(costs.own.peakBytes! > 1e8);
  assert.equal(savingsPlan({ ...settings, method: 'full' }, config, sites), undefined);
});

test('a measured plan is what the protocol calls one', async () => {
  const planning = openPlanning([], true);
  const plan = trainPlan.parse(await planTraining(settings, { ...cache, planning }));
  assert.ok(plan.data && plan.savings && plan.secondsPerStep! > 0);
  assert.equal(plan.tokensPerStep, settings.batch * settings.length * settings.accumulate);
  await planning.close();
});

test('an evaluation is estimated with the method and the layers of its adapter', async () => {
  const planOf = (name: string, withAdapter = true) => {
    const { dir: base, adapter } = adapterFixture(name);
    const request = { data, base, settings: completeEvaluation({}), ...(withAdapter ? { adapter } : {}) };
    return planEvaluation(request, cache);
  };
  assert.equal((await planOf('lora-qv')).adaptedLayers, 4);
  const [whole, none] = [await planOf('vera-all-linear-full'), await planOf('vera-all-linear-full', false)];
  assert.deepEqual([whole.adaptedLayers, none.adaptedLayers], [14, 0]);
  // A and B.
  assert.ok(whole.memory.constants > none.memory.constants);
});

test('plans that are made together read a dataset once and measure once', async (t) => {
  const path = join(root, 'once.jsonl');
  writeFileSync(path, Array.from({ length: 80 }, (_, i) => row(i)).join('\n'));
  const opened = t.mock.method(fs, 'openSync');
  syncBuiltinESMExports();
  const planning = openPlanning([], true);
  const plan = (changes: object) => planTraining({ ...settings, data: path, ...changes }, { ...cache, planning });
  const plans = [await plan({}), await plan({ length: 64 }), await plan({ epochs: 3 })];
  opened.mock.restore();
  syncBuiltinESMExports();
  const readings = opened.mock.calls.filter(({ arguments: [file] }) => file === path);
  assert.equal(readings.length, 1);
  assert.equal(planning.measured().length, 1);
  assert.equal(plans[2]!.data!.steps, 3 * plans[0]!.data!.steps);
  assert.ok(plans[1]!.data!.steps >= plans[0]!.data!.steps);
  const alone = openPlanning([], true);
  const {
    secondsPerStep: _,
    time: times,
    ...same
  } = await planTraining({ ...settings, data: path, length: 64 }, { ...cache, planning: alone });
  const { secondsPerStep: __, time: others, ...together } = plans[1]!;
  assert.equal(times!.data, others!.data); // the other times follow from the rates, which were measured twice
  assert.deepEqual(together, same);
  await planning.close();
  await alone.close();
});

test('rates that are known are used while they are fresh, and only data that is asked for is read', async () => {
  const first = openPlanning([], false);
  const plan = await planTraining(settings, { ...cache, planning: first });
  assert.ok(plan.secondsPerStep! > 0 && plan.savings);
  assert.equal(plan.data, undefined);
  const [rates] = first.measured();
  assert.ok(rates);
  const known = openPlanning([{ ...rates, trafficBytes: rates.trafficBytes / 100 }], false);
  const slower = await planTraining(settings, { ...cache, planning: known });
  assert.deepEqual(known.measured(), []);
  assert.ok(slower.secondsPerStep! > 2 * plan.secondsPerStep!);
  const week = 7 * 86_400_000;
  for (const stale of [
    { measuredAt: rates.measuredAt - week - 1 },
    { measuredAt: Date.now() + 10_000 },
    { version: '0.0.0' },
    { processor: 'another' },
    { threads: 99 },
  ]) {
    const again = openPlanning([{ ...rates, ...stale }], false);
    await again.rates(rates.format, rates.threads);
    assert.equal(again.measured().length, 1, JSON.stringify(stale));
  }
});
