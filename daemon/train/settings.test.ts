import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VeraError } from '../protocol/errors.ts';
import { completeSettings, type GivenSettings, identityOf } from './settings.ts';

const needed = { data: 'd', base: 'b', out: 'o' };
const complete = (given: Partial<GivenSettings>) => completeSettings({ ...needed, ...given });

test('what is left out suits the method', () => {
  const [vera, lora, full] = ['vera', 'lora', 'full'].map((method) => complete({ method }));
  assert.deepEqual([vera!.rank, vera!.lr, vera!.targets], [256, 4e-3, 'q_proj,v_proj']);
  assert.deepEqual([lora!.rank, lora!.lr, lora!.alpha], [16, 4e-4, 16]);
  assert.equal(full!.lr, 5e-5);
  assert.equal(complete({ method: 'lora', rank: 8 }).alpha, 8);
  assert.deepEqual(complete({ rank: undefined }), complete({}));
});

const REFUSED: [Partial<GivenSettings>, RegExp][] = [
  [{ rank: 0 }, /--rank must be a whole number from 1/],
  [{ rank: 1e9 }, /--rank/],
  [{ rank: 2.5 }, /--rank/],
  [{ steps: 0 }, /--steps/],
  [{ steps: NaN }, /--steps/],
  [{ steps: 5, epochs: 1 }, /--steps or --epochs, not both/],
  [{ epochs: -1 }, /--epochs/],
  [{ batch: 65_536, length: 1024 }, /tokens a step; use --accumulate/],
  [{ length: 1 }, /--length/],
  [{ lr: 0 }, /--lr/],
  [{ lr: Infinity }, /--lr must be a number .* not Infinity/],
  [{ lr: NaN }, /--lr/],
  [{ lrB: -1 }, /--lr-b/],
  [{ dropout: 1 }, /--dropout/],
  [{ beta2: 1 }, /--beta2/],
  [{ clip: -1 }, /--clip/],
  [{ seed: 2 ** 32 }, /--seed/],
  [{ projectionKey: -1 }, /--projection-key/],
  [{ dInitial: NaN }, /--d-initial/],
  [{ heldOut: 1 }, /--held-out/],
  [{ heldOut: 0, patience: 2 }, /--patience needs held-out rows/],
  [{ threads: 5000 }, /--threads/],
  [{ alpha: 8 }, /--alpha is a setting of --method lora/],
  [{ method: 'lora', lrD: 1 }, /--lr-d are the learning rates of --method vera/],
  [{ method: 'full', rank: 8 }, /--rank has no meaning with --method full/],
  [{ method: 'full', precision: 'int8' }, /needs --precision fp32/],
  [{ method: 'magic' }, /method "magic" is unknown/],
];

test('each setting that cannot be is refused in one line that names its flag', () => {
  for (const [given, says] of REFUSED) {
    assert.throws(
      () => complete(given),
      (error: unknown) => {
        assert.ok(error instanceof VeraError && error.code === 'usage');
        assert.match(error.message, says);
        return !error.message.includes('\n');
      },
      JSON.stringify(given),
    );
  }
});

test('the identity of a run knows what it learns, and not how fast', () => {
  const one = identityOf(complete({}), 'f', 'h');
  for (const given of [{ lr: 1 }, { steps: 7 }, { out: 'elsewhere' }, { threads: 3 }])
    assert.equal(identityOf(complete(given), 'f', 'h'), one);
  for (const given of [{ seed: 1 }, { rank: 4 }, { batch: 9 }, { targets: 'k_proj' }])
    assert.notEqual(identityOf(complete(given), 'f', 'h'), one);
  assert.notEqual(identityOf(complete({}), 'g', 'h'), one);
});
