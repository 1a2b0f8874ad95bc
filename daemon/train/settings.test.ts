import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METHODS } from '../methods/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { checkSetting, defaultOf, type SettingValue } from '../settings/setting.ts';
import { completeSettings, GROUPS, isResumable, methodOptions, settingsOfRun, storedSettings } from './settings.ts';

const needed = { data: 'd', base: 'b', out: 'o' };
const complete = (given: Record<string, SettingValue | undefined>) => completeSettings({ ...needed, ...given });

test('what is left out suits the method', () => {
  const [vera, lora, full] = ['vera', 'lora', 'full'].map((method) => complete({ method }));
  assert.deepEqual([vera!['rank'], vera!.lr, vera!['targets']], [256, 2e-2, 'q_proj,v_proj']);
  assert.deepEqual([lora!['rank'], lora!.lr, lora!['alpha']], [16, 1e-3, 16]);
  assert.equal(full!.lr, 5e-5);
  assert.equal(complete({ method: 'lora', rank: 8 })['alpha'], 8);
  assert.equal(methodOptions(complete({ method: 'lora', rank: 8, alpha: 2 })).alpha, 2);
  assert.deepEqual(complete({ rank: undefined }), complete({}));
});

/** What is given, what the message says, and the settings that the error carries. */
const REFUSED: [Record<string, SettingValue>, RegExp, string[]][] = [
  [{ rank: 0 }, /^Rank must be a whole number from 1 to 65536, not 0$/, ['rank']],
  [{ rank: 1e9 }, /^Rank must/, ['rank']],
  [{ rank: 2.5 }, /^Rank must/, ['rank']],
  [{ steps: 0 }, /^Steps must/, ['steps']],
  [{ steps: NaN }, /^Steps must/, ['steps']],
  [{ steps: 5, epochs: 1 }, /^Steps and Epochs exclude each other/, ['steps', 'epochs']],
  [{ epochs: -1 }, /^Epochs must/, ['epochs']],
  [{ batch: 65_536, length: 1024 }, /^Batch size 65536 times Row length 1024 is more than/, ['batch', 'length']],
  [{ length: 1 }, /^Row length must/, ['length']],
  [{ lr: 0 }, /^Learning rate must be a number above 0/, ['lr']],
  [{ lr: Infinity }, /^Learning rate must .* not Infinity/, ['lr']],
  [{ lrB: -1 }, /^Learning rate of b must/, ['lrB']],
  [{ dropout: 1 }, /^Dropout must/, ['dropout']],
  [{ beta2: 1 }, /^Beta 2 must/, ['beta2']],
  [{ clip: -1 }, /^Gradient clipping must/, ['clip']],
  [{ seed: 2 ** 32 }, /^Seed must/, ['seed']],
  [{ projectionKey: -1 }, /^Projection seed must/, ['projectionKey']],
  [{ dInitial: NaN }, /^Initial d must/, ['dInitial']],
  [{ heldOut: 1 }, /^Held-out share must/, ['heldOut']],
  [{ heldOut: 0, patience: 2 }, /^Patience needs held-out rows/, ['patience', 'heldOut']],
  [{ threads: 5000 }, /^Threads must/, ['threads']],
  [{ alpha: 8 }, /^Alpha is a setting of LoRA; the method is VeRA$/, ['alpha', 'method']],
  [{ method: 'lora', lrD: 1 }, /^Learning rate of d is a setting of VeRA; the method is LoRA$/, ['lrD', 'method']],
  [
    { method: 'full', rank: 8 },
    /^Rank is a setting of VeRA and LoRA; the method is full training$/,
    ['rank', 'method'],
  ],
  [{ method: 'full', precision: 'int8' }, /works on fp32 weights, not on int8/, ['precision', 'method']],
  [{ method: 'magic' }, /^Method must be one of vera, lora, full, not "magic"$/, ['method']],
  [{ lrHead: 1 }, /^there is no setting "lrHead"$/, ['lrHead']],
];

test('a setting that cannot be is refused in one line that names it by its label, and no flag', () => {
  for (const [given, says, names] of REFUSED) {
    assert.throws(
      () => complete(given),
      (error: unknown) => {
        assert.ok(error instanceof VeraError && error.code === 'usage');
        assert.match(error.message, says);
        assert.deepEqual(error.settings, names);
        return !error.message.includes('\n') && !error.message.includes('--');
      },
      JSON.stringify(given),
    );
  }
});

test('the table: names are unique, texts are sentences, defaults are in range, a name means the same in every method', () => {
  for (const { name: method } of METHODS) {
    const list = settingsOfRun(method);
    assert.equal(new Set(list.map(({ name }) => name)).size, list.length);
    for (const setting of list) {
      assert.match(setting.help, /^[A-Z"'].*\.$/, setting.name);
      assert.match(setting.name, /^[a-z][a-zA-Z0-9]*$/);
      const value = defaultOf(setting);
      if (value !== undefined) checkSetting(setting, value);
      else
        assert.ok(setting.standard !== undefined, `${setting.name} says nothing of what stands where it is not given`);
    }
  }
  const kinds = METHODS.flatMap(({ options }) =>
    options.map(({ name, kind, label }) => [name, `${kind} ${label}`] as const),
  );
  for (const [name, kind] of kinds) assert.equal(new Map(kinds).get(name), kind, name);
  assert.equal(new Set(GROUPS.map(({ name }) => name)).size, GROUPS.length);
});

/** run.json of the version before: every method had the options of all. */
const OLD = {
  ...needed,
  method: 'vera',
  rank: 8,
  alpha: 8,
  dropout: 0,
  projectionKey: 0,
  dInitial: 0.1,
  targets: 'q_proj,v_proj',
  precision: 'fp32',
  epochs: 1,
  steps: 5,
  length: 48,
  lrHead: 1,
  projection: false,
  threads: 1,
};

test('settings that an older version stored open, without what their method does not have', () => {
  const settings = storedSettings(OLD);
  assert.deepEqual([settings['rank'], settings.steps, settings.length, settings.threads], [8, 5, 48, 1]);
  for (const name of ['alpha', 'lrHead']) assert.ok(!(name in settings), name);
  const open = storedSettings({ ...OLD, length: 0, method: 'full' });
  assert.ok(!('rank' in open) && open.length === undefined);
  assert.deepEqual(storedSettings(settings), settings);
});

test('a resumed run may have other values of these settings, and of no others', () => {
  const free = settingsOfRun('vera').filter(({ name }) => isResumable(name, 'vera'));
  assert.deepEqual(
    free.map(({ name }) => name).sort(),
    ['checkpointEvery', 'clip', 'epochs', 'evalBatches', 'evalEvery', 'lr', 'lrB', 'lrD', 'patience', 'projection', 'samplePrompts', 'sampleTokens', 'schedule', 'steps', 'threads', 'warmup', 'weightDecay'], // prettier-ignore
  );
  for (const place of ['data', 'base', 'out']) assert.ok(isResumable(place, 'vera'));
  assert.ok(!isResumable('seed', 'vera'));
});
