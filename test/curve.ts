/** Repeats a loss curve of PEFT (test/fixtures/curves) with the parts of our trainer: step graph, groups and optimizer. */
import assert from 'node:assert/strict';
import { loadAdapter } from '../daemon/export/adapter.ts';
import { FIRST_OPTIONS } from '../daemon/methods/options.ts';
import type { MethodAdaptation } from '../daemon/methods/method.ts';
import { methodNamed } from '../daemon/methods/registry.ts';
import { selectSites } from '../daemon/methods/targets.ts';
import type { BaseModel } from '../daemon/models/base.ts';
import { linearSites } from '../daemon/models/registry.ts';
import { AdamW } from '../daemon/train/optimizer.ts';
import { completeSettings } from '../daemon/train/settings.ts';
import { Step } from '../daemon/train/step.ts';
import { initialTheta, parameterGroups } from '../daemon/train/trainable.ts';
import type { CurveFixture } from './fixtures/read.ts';
import { batchOf } from './step.ts';

/**
 * Where the fixture starts: from PEFT's adapter if it names one (LoRA's A is random), otherwise from the method's own start.
 */
function beginning(
  base: BaseModel,
  { method, rank, key, targets }: CurveFixture,
  init: string | undefined,
): { adaptation: MethodAdaptation; theta: Float32Array } {
  if (init !== undefined) {
    const { adaptation, adapter } = loadAdapter(init, base);
    return { adaptation, theta: adapter.theta.slice() };
  }
  const options = { ...FIRST_OPTIONS, rank: rank ?? FIRST_OPTIONS.rank, projectionKey: key ?? 0 };
  const sites = selectSites(linearSites(base.config), targets ?? 'q_proj,v_proj');
  const adaptation = methodNamed(method).create(sites, options, []);
  return { adaptation, theta: initialTheta(adaptation) };
}

/** The loss of our trainer at every step of the fixture. init: folder of the adapter that it starts from. */
export async function lossCurve(
  base: BaseModel,
  fixture: CurveFixture,
  options: { cache: string; init?: string },
): Promise<number[]> {
  const { adaptation, theta } = beginning(base, fixture, options.init);
  assert.equal(theta.length, fixture.trainable);
  const length = fixture.ids[0]!.length - 1;
  const settings = completeSettings({
    ...{ data: '', base: base.dir, out: '' },
    ...{ method: fixture.method, lr: fixture.lr, weightDecay: fixture['weight-decay'] ?? 0 },
  });
  const groups = parameterGroups(adaptation, settings);
  const optimizer = new AdamW(theta.length, settings);
  const step = await Step.create(
    {
      ...{ base, adaptation, precision: 'fp32', cache: options.cache, dropout: false },
      ...{ maxLength: length, tokens: fixture.rows * length },
    },
    true,
  );
  try {
    const losses: number[] = [];
    for (let i = 0; i < fixture.steps; i++) {
      const rows = Array.from(
        { length: fixture.rows },
        (_, r) => fixture.ids[(i * fixture.rows + r) % fixture.ids.length]!,
      );
      const batch = batchOf(rows);
      const { loss, gradient } = await step.run(theta, batch);
      optimizer.step(
        theta,
        gradient.map((value) => value / batch.targets.length),
        groups,
      );
      losses.push(loss / batch.targets.length);
    }
    return losses;
  } finally {
    await step.release();
  }
}

/** Throws if a loss differs from the fixture's by more than `tolerance`. Returns the largest difference. */
export function assertCurve(losses: number[], { losses: expected }: CurveFixture, tolerance: number): number {
  assert.equal(losses.length, expected.length);
  let largest = 0;
  for (const [i, loss] of losses.entries()) {
    const difference = Math.abs(loss - expected[i]!);
    assert.ok(difference <= tolerance, `step ${i + 1}: ${loss}, PEFT has ${expected[i]!}`);
    largest = Math.max(largest, difference);
  }
  return largest;
}
