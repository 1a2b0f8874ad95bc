import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { DEMO_MODEL } from '../demo/run.ts';
import { selectSites } from '../methods/targets.ts';
import { linearSites } from '../models/registry.ts';
import { resolveConfig } from '../models/resolve.ts';
import { trainPlan } from '../protocol/plans.ts';
import { preflightTraining } from './preflight.ts';
import { completeSettings } from './settings.ts';
import { surveyData, surveySavings } from './survey.ts';

const root = temporaryFolder();
const data = join(root, 'rows.jsonl');
const row = (i: number): string => JSON.stringify({ prompt: `What is ${i} and ${i}?`, completion: `It is ${2 * i}.` });
writeFileSync(data, Array.from({ length: 80 }, (_, i) => row(i)).join('\n'));
const cache = { cache: join(root, 'cache') };
const config = await resolveConfig(DEMO_MODEL, cache);
const settings = completeSettings({
  data,
  base: DEMO_MODEL,
  out: join(root, 'out'),
  rank: 64,
  length: 128,
  heldOut: 0.1,
});

test('the dataset as the run will read it', async () => {
  const survey = await surveyData(settings, config, cache);
  assert.ok(survey);
  assert.equal(survey.format, 'JSONL, prompt and completion');
  assert.equal(survey.rows + survey.heldOutRows, 80);
  assert.ok(survey.steps >= 1 && survey.steps < 80);
  assert.equal((await surveyData({ ...settings, epochs: 3 }, config, cache))?.steps, 3 * survey.steps);
  assert.equal((await surveyData({ ...settings, steps: 7 }, config, cache))?.steps, 7);
});

test('a wrong row is an error with its line, or is counted where it is to be left out', async () => {
  const bad = join(root, 'bad.jsonl');
  writeFileSync(
    bad,
    [row(1), '{"prompt": "no completion"}', ...Array.from({ length: 20 }, (_, i) => row(i))].join('\n'),
  );
  await assert.rejects(surveyData({ ...settings, data: bad }, config, cache), {
    code: 'data',
    message: /bad\.jsonl, line 2/,
  });
  const survey = await surveyData({ ...settings, data: bad, onBadRow: 'skip' }, config, cache);
  assert.equal(survey?.skipped, 1);
  assert.match(survey.firstSkipped ?? '', /line 2/);
});

test('no tokenizer is downloaded for it', async () => {
  assert.equal(await surveyData({ ...settings, base: 'nobody/nothing' }, config, cache), undefined);
});

test('costs beside LoRA grow with its rank', () => {
  const sites = selectSites(linearSites(config), 'q_proj,v_proj');
  const costs = surveySavings(settings, config, sites);
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
  assert.equal(surveySavings({ ...settings, method: 'full' }, config, sites), undefined);
});

test('a measured preflight is what the protocol calls a plan', async () => {
  const plan = trainPlan.parse(await preflightTraining(settings, { ...cache, measure: true }));
  assert.ok(plan.data && plan.savings && plan.secondsPerStep! > 0);
});
