import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBase } from '../daemon/models/base.ts';
import { assertCurve, lossCurve } from './curve.ts';
import { adapterFixture, curveFixture, curveNames, modelFixture, modelNames } from './fixtures/read.ts';
import { temporaryFolder } from './temporary.ts';

const TOLERANCE = 1e-4; // float32 sums in another order, over ten steps

const cache = temporaryFolder();
const curves = curveNames().filter((name) => modelNames().includes(curveFixture(name).model));

test('there are curves of VeRA and of LoRA, with and without weight decay', () => {
  assert.ok(curves.some((name) => curveFixture(name).method === 'lora'));
  assert.ok(curves.some((name) => curveFixture(name)['weight-decay'] !== undefined));
  assert.ok(curves.length >= 4);
});

for (const name of curves) {
  test(`${name}: the losses of PEFT's own training, step by step`, async (t) => {
    const fixture = curveFixture(name);
    const init = fixture.init === undefined ? {} : { init: adapterFixture(fixture.init).adapter };
    const losses = await lossCurve(openBase(modelFixture(fixture.model).dir, cache), fixture, { cache, ...init });
    t.diagnostic(`largest difference ${assertCurve(losses, fixture, TOLERANCE).toExponential(1)}`);
  });
}
