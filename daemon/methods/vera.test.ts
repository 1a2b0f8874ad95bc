import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelFixture } from '../../test/fixtures/read.ts';
import { largestDifference, logits } from '../../test/logits.ts';
import { merged } from '../../test/merged.ts';
import { batchOf, initialTheta, oneStep, randomTheta, slopeAlongGradient, thetaSize } from '../../test/step.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { gemm } from '../graph/ops/gemm.ts';
import type { Value } from '../graph/value.ts';
import { layoutOf } from '../layout.ts';
import { openBase } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { stepGraph } from '../train/step.ts';
import { FIRST_OPTIONS } from './options.ts';
import { lora } from './lora.ts';
import { selectSites } from './targets.ts';
import { materialises, sharedProjection, vera } from './vera.ts';

const cache = temporaryFolder();
const fixture = modelFixture('llama-gqa-tied-bf16');
const base = openBase(fixture.dir, cache);
const sites = linearSites(base.config);
const batch = batchOf(fixture.ids.filter((row) => row.length > 1));
const create = (targets: string, rank = 40) => vera.create(selectSites(sites, targets), { ...FIRST_OPTIONS, rank }, []);
/** What makes the choice fall on the low-rank path, and on adding to the weight. */
const [FEW, MANY] = [1, 1e9];

test('before training it changes nothing: b is zero, d is 0.1', async () => {
  const adaptation = create('all-linear', 8);
  const theta = initialTheta(adaptation);
  assert.deepEqual([...new Set(theta)].sort(), [0, Math.fround(0.1)]);
  const rows = fixture.ids.map((ids) => ({ ids }));
  const [plain, adapted] = [
    await logits({ base, cache }, rows),
    await logits({ base, cache, adaptation, theta }, rows),
  ];
  plain.forEach((row, i) => assert.equal(largestDifference(row, adapted[i]!), 0));
});

for (const targets of ['q_proj,v_proj', 'all-linear']) {
  test(`${targets}: the low-rank path and the one that adds to the weight give the same loss and gradient`, async () => {
    const adaptation = create(targets);
    assert.ok(sites.every((site) => !materialises(site, 40, FEW) && materialises(site, 40, MANY)));
    const options = { base, cache, adaptation, theta: randomTheta(adaptation), batch };
    const [narrow, whole] = [await oneStep({ ...options, tokens: FEW }), await oneStep({ ...options, tokens: MANY })];
    assert.ok(Math.abs(narrow.loss - whole.loss) < 1e-5 * narrow.loss);
    const size = Math.max(...narrow.gradient.map(Math.abs));
    assert.ok(largestDifference(narrow.gradient, whole.gradient) < 1e-5 * size);
    assert.notDeepEqual(narrow.gradient, whole.gradient, 'they are two computations');
  });

  for (const tokens of [FEW, MANY]) {
    test(`${targets}, ${tokens === FEW ? 'low-rank' : 'added to the weight'}: the loss falls along the gradient as fast as the gradient says`, async () => {
      const adaptation = create(targets);
      const slope = await slopeAlongGradient({
        base,
        cache,
        adaptation,
        theta: randomTheta(adaptation),
        batch,
        tokens,
      });
      assert.ok(Math.abs(slope - 1) < 0.01, String(slope));
    });
  }

  test(`${targets}: a merged weight gives the logits of the adapter`, async () => {
    const adaptation = create(targets);
    const options = { base, cache, theta: randomTheta(adaptation) };
    const rows = fixture.ids.map((ids) => ({ ids }));
    const [apart, whole, plain] = [
      await logits({ ...options, adaptation }, rows),
      await logits({ ...options, adaptation: merged(adaptation) }, rows),
      await logits({ base, cache }, rows),
    ];
    apart.forEach((row, i) => {
      assert.ok(largestDifference(row, whole[i]!) < 1e-4, String(largestDifference(row, whole[i]!)));
      assert.ok(largestDifference(row, plain[i]!) > 0.1, 'the adapter does something');
    });
  });
}

test('the choice is by operations: many tokens and a rank beyond half the width favour adding to the weight', () => {
  const site = { dIn: 100, dOut: 100 };
  assert.equal(materialises(site, 20, 1e6), false);
  assert.equal(materialises(site, 30, 1e6), true);
  assert.equal(materialises(site, 30, 50), false);
  assert.equal(materialises({ dIn: 576, dOut: 576 }, 256, 1024), true);
});

test('A x is computed once for all layers that read the same x', () => {
  const rank = 24;
  const products = (targets: string): number => {
    const adaptation = create(targets, rank);
    const { nodes } = stepGraph(
      { base, adaptation, precision: 'fp32', maxLength: 8, tokens: FEW, cache, dropout: false },
      false,
    );
    const ofA = (w: Value | undefined): boolean => w?.source?.kind === 'constant' && w.shape[0] === rank;
    return nodes.filter(({ operator, inputs }) => operator === gemm && ofA(inputs[1])).length;
  };
  const { layers } = base.config;
  assert.equal(products('q_proj'), layers);
  assert.equal(products('q_proj,k_proj,v_proj'), layers);
  assert.equal(products('gate_proj,up_proj'), layers);
  assert.equal(products('all-linear'), 4 * layers);
});

test('the count of parameters is that of the vector, and A and B take the largest sizes of the adapted layers', () => {
  for (const targets of ['q_proj', 'down_proj,v_proj', 'all-linear']) {
    const chosen = selectSites(sites, targets);
    assert.equal(thetaSize(create(targets, 8)), layoutOf(vera.tensors(chosen, { ...FIRST_OPTIONS, rank: 8 })).size);
    const { maxIn, maxOut } = sharedProjection(chosen, 0, 8);
    assert.deepEqual([maxIn, maxOut], [Math.max(...chosen.map((s) => s.dIn)), Math.max(...chosen.map((s) => s.dOut))]);
  }
});

test('the equal LoRA adapter gives the same logits', async () => {
  const options = { ...FIRST_OPTIONS, rank: 8, projectionKey: 3 };
  const adaptation = vera.create(sites, options, []);
  const theta = randomTheta(adaptation);
  const equal = vera.asLora!(sites, options, theta);
  assert.deepEqual([equal.rank, equal.alpha], [8, 8]);
  const rows = fixture.ids.map((ids) => ({ ids }));
  const asLora = lora.create(sites, { ...FIRST_OPTIONS, rank: equal.rank, alpha: equal.alpha }, []);
  const [own, other] = [
    await logits({ base, cache, adaptation, theta }, rows),
    await logits({ base, cache, adaptation: asLora, theta: equal.theta }, rows),
  ];
  own.forEach((row, i) => {
    assert.ok(largestDifference(row, other[i]!) < 1e-4, String(largestDifference(row, other[i]!)));
  });
});

test('the projection key decides A and B, and so what an adapter does', async () => {
  const run = (projectionKey: number) => {
    const adaptation = vera.create(selectSites(sites, 'q_proj'), { ...FIRST_OPTIONS, rank: 8, projectionKey }, []);
    return logits({ base, cache, adaptation, theta: randomTheta(adaptation) }, [{ ids: fixture.ids[1]! }]);
  };
  assert.ok(largestDifference((await run(0))[0]!, (await run(1))[0]!) > 1e-3);
});
