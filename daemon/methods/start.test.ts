import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelFixture } from '../../test/fixtures/read.ts';
import { cosine, largestDifference, logits } from '../../test/logits.ts';
import { merged } from '../../test/merged.ts';
import { batchOf, losses, oneStep, randomTheta } from '../../test/step.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import type { Adaptation } from '../models/adaptation.ts';
import { openBase } from '../models/base.ts';
import { linearSites } from '../models/registry.ts';
import { stepGraph } from '../train/step.ts';
import type { MethodAdaptation } from './method.ts';
import { optionsOf } from './options.ts';
import { LINEAR_METHODS } from './registry.ts';
import { startAt, startOf } from './start.ts';

const cache = temporaryFolder();
const fixture = modelFixture('llama-gqa-tied-bf16');
const base = openBase(fixture.dir, cache);
const sites = linearSites(base.config);

/** The tokens of a batch from the starts of its rows on: 1; before: 0. */
const maskOf = (length: number, starts: readonly number[]): Float32Array =>
  Float32Array.from({ length: starts.length * length }, (_, i) =>
    i % length < starts[Math.floor(i / length)]! ? 0 : 1,
  );

/** The same adapter computed another way: the merged weight's product where the mask is 1, and the base's where it is 0. */
function plainly(adaptation: MethodAdaptation, mask: Float32Array): Adaptation {
  const whole = merged(adaptation);
  return {
    parameters: adaptation.parameters,
    linear(net, site, x) {
      const { g } = net;
      const acting = g.reshape(g.constant(mask), ['tokens', 1]);
      const resting = g.reshape(g.constant(mask.map((value) => 1 - value)), ['tokens', 1]);
      return g.add(g.mul(acting, whole.linear(net, site, x)!), g.mul(resting, net.frozen(site, x)));
    },
  };
}

for (const method of LINEAR_METHODS) {
  const options = optionsOf(method, { rank: 6, alpha: 9, activateAfter: 'answer' });
  const late = method.create(sites, options, []);
  const full = method.create(sites, optionsOf(method, { rank: 6, alpha: 9 }), []);
  const theta = randomTheta(late, 0.3);

  test(`${method.label}: the base reads what comes before the start, and the adapter what comes after it`, async () => {
    const ids = fixture.ids[0]!;
    const [plain] = await logits({ base, cache }, [{ ids }]);
    const [whole] = await logits({ base, cache, adaptation: full, theta }, [{ ids }]);
    const { vocabulary } = base.config;
    for (const start of [0, 1, 5, ids.length - 1, ids.length]) {
      const [row] = await logits({ base, cache, adaptation: late, theta }, [{ ids, start }]);
      const reference = plainly(full, maskOf(ids.length, [start]));
      const [expected] = await logits({ base, cache, adaptation: reference, theta }, [{ ids }]);
      assert.ok(largestDifference(row!, expected!) < 1e-4, `start ${start}: ${largestDifference(row!, expected!)}`);
      const before = start * vocabulary;
      assert.deepEqual(row!.subarray(0, before), plain!.subarray(0, before), 'the bits of the base');
      if (start === 0) assert.ok(largestDifference(row!, whole!) < 1e-4);
      else if (start < ids.length) assert.ok(largestDifference(row!, whole!) > 0.1, 'the start matters');
    }
  });

  test(`${method.label}: loss and gradient are those of the plain computation, for rows that start at different tokens`, async () => {
    const batch = batchOf(fixture.ids.filter((row) => row.length > 4));
    const starts = Array.from({ length: batch.rows }, (_, row) => [3, 0, 2, batch.length][row % 4]!);
    const active = maskOf(batch.length, starts);
    const one = await oneStep({ base, cache, adaptation: late, theta, batch: { ...batch, active } });
    const other = await oneStep({ base, cache, adaptation: plainly(full, active), theta, batch });
    assert.ok(Math.abs(one.loss - other.loss) < 1e-5 * other.loss, `${one.loss} for ${other.loss}`);
    const size = Math.max(...other.gradient.map(Math.abs));
    assert.ok(largestDifference(one.gradient, other.gradient) < 1e-4 * size);
    const int8 = await oneStep({
      base,
      cache,
      adaptation: late,
      theta,
      batch: { ...batch, active },
      precision: 'int8',
    });
    assert.ok(cosine(int8.gradient, other.gradient) > 0.9);
  });

  test(`${method.label}: where no row starts, the gradient is zero`, async () => {
    const batch = batchOf([fixture.ids[0]!]);
    const active = new Float32Array(batch.ids.length);
    for (const precision of ['fp32', 'int8']) {
      const [{ gradient }] = (await losses(
        { base, cache, adaptation: late, theta, batch: { ...batch, active }, precision },
        [theta],
      )) as [Awaited<ReturnType<typeof oneStep>>];
      assert.ok(
        gradient.every((value) => value === 0),
        precision,
      );
    }
  });

  test(`${method.label}: without a start, options and graph are those of an adapter that acts everywhere`, async () => {
    const plain = optionsOf(method, { rank: 6 });
    for (const activateAfter of ['off', '', undefined])
      assert.deepEqual(optionsOf(method, { rank: 6, activateAfter }), plain);
    const graphOf = (adaptation: Adaptation) =>
      stepGraph({ base, adaptation, precision: 'int8', maxLength: 8, tokens: 8, cache, dropout: false }, true);
    const names = (adaptation: Adaptation) => graphOf(adaptation).inputs.map(({ name }) => name);
    assert.deepEqual(
      names(late).filter((name) => !names(full).includes(name)),
      ['active'],
    );
    assert.deepEqual(
      graphOf(method.create(sites, optionsOf(method, { rank: 6, activateAfter: 'off' }), [])).nodes.length,
      graphOf(method.create(sites, plain, [])).nodes.length,
    );
    await assert.rejects(
      oneStep({ base, cache, adaptation: late, theta, batch: batchOf([fixture.ids[0]!]) }),
      /does not say where/,
    );
  });
}

test('the tokens of a start are stored beside its name, and the two must fit together', () => {
  assert.equal(startOf({ rank: 4 }), undefined);
  assert.deepEqual(startOf({ activateAfter: 'answer' }), {});
  assert.deepEqual(startOf(startAt('middle', [7])), { tokens: [7] });
  assert.deepEqual(startOf(startAt('<|im_start|>assistant', [1, 20, 3])), { tokens: [1, 20, 3] });
  const wrong = [
    { activateAfter: 'middle' },
    { activateTokens: '7' },
    { activateAfter: 'answer', activateTokens: '7' },
    { activateAfter: 'middle', activateTokens: '7;8' },
    { activateAfter: 'middle', activateTokens: '' },
  ];
  for (const options of wrong)
    assert.throws(() => startOf(options), { name: 'VeraError', code: 'adapter', message: /train it again/ });
});
