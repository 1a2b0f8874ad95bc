import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelFixture } from '../../test/fixtures/read.ts';
import { largestDifference, logits } from '../../test/logits.ts';
import { batchOf, initialTheta, oneStep, slopeAlongGradient, thetaSize } from '../../test/step.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { openBase } from '../models/base.ts';
import { networkTensors } from '../models/tensors.ts';
import { full } from './full.ts';
import { FIRST_OPTIONS } from './options.ts';

const cache = temporaryFolder();

for (const name of ['llama', 'qwen2', 'llama-linear-biases-sharded']) {
  test(`${name}: every tensor of the model is trained, starts as it is, and has the gradient of the loss`, async () => {
    const fixture = modelFixture(name);
    const base = openBase(fixture.dir, cache);
    const adaptation = full.create([], FIRST_OPTIONS, networkTensors(base));
    const theta = initialTheta(adaptation);
    assert.deepEqual(
      adaptation.parameters.map((p) => p.name).sort(),
      [...base.tensors.keys()].filter((key) => !base.config.tied || key !== 'lm_head.weight').sort(),
    );
    assert.equal(theta.length, thetaSize(adaptation));
    const rows = [{ ids: fixture.ids[0]! }];
    assert.ok(
      largestDifference((await logits({ base, cache, adaptation, theta }, rows))[0]!, fixture.logits[0]!) < 1e-4,
    );

    const batch = batchOf(fixture.ids.filter((row) => row.length > 1));
    const slope = await slopeAlongGradient({ base, cache, adaptation, theta, batch }, 0.02);
    assert.ok(Math.abs(slope - 1) < 0.01, String(slope));
    const { gradient } = await oneStep({ base, cache, adaptation, theta, batch });
    let start = 0;
    for (const { name: tensor, shape } of adaptation.parameters) {
      const part = gradient.subarray(start, (start += shape.reduce((a, b) => a * b)));
      assert.ok(
        part.some((v) => v !== 0),
        `${tensor} has a gradient`,
      );
    }
  });
}
