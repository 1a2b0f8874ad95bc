// Slow: trains SmolLM2 for forty steps.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveBase } from '../../daemon/models/resolve.ts';
import { assertCurve, lossCurve } from '../curve.ts';
import { curveFixture } from '../fixtures/read.ts';

const TOLERANCE = 1e-3;

const folder = join(import.meta.dirname, '../.models');
const model = join(folder, 'SmolLM2-135M-Instruct.Q4_1.gguf');
const skip = existsSync(model) ? false : 'the model is not there; npm run test:models fetches it';

test('SmolLM2-135M: forty steps have the losses of PEFT from the same seed, rows and Adam', { skip }, async (t) => {
  const fixture = curveFixture('smollm2-vera-qv');
  // Converted once: half a gigabyte that other runs of the tests find again.
  const cache = join(folder, 'cache');
  const losses = await lossCurve(await resolveBase(model, { cache }), fixture, { cache });
  t.diagnostic(losses.map((loss) => loss.toFixed(4)).join(' '));
  t.diagnostic(`largest difference ${assertCurve(losses, fixture, TOLERANCE).toExponential(1)}`);
});
