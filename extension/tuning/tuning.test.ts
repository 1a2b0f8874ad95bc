import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trainSettings } from '../../daemon/protocol/training.ts';
import { completeSettings } from '../../daemon/train/settings.ts';
import { costText, dataText, placeOf } from './cost.ts';
import { draftSettings, draftSpec, withEnoughSteps } from './draft.ts';
import { FIELDS, fieldText, parseField } from './fields.ts';
import { PRESETS } from './presets.ts';
import { jobSpec } from '../../daemon/protocol/jobs.ts';

const base = { spec: '/models/small', label: 'small', description: '' };
const draft = (preset: (typeof PRESETS)[number], changes = {}) => ({
  data: '/data/rows.jsonl',
  base,
  preset,
  changes,
  activate: false,
});

test('every preset is what protocol and trainer take', () => {
  for (const preset of PRESETS) {
    const spec = jobSpec.parse(draftSpec(draft(preset)));
    assert.ok(spec.kind === 'train');
    const settings = completeSettings({ ...spec.settings, out: '/out' });
    assert.equal(settings.method, 'vera');
  }
});

test('what a person sets goes over the preset', () => {
  assert.equal(draftSettings(draft('quick', { rank: 8 })).rank, 8);
  const epochs = draftSettings(draft('quick', { epochs: 2 }));
  assert.deepEqual([epochs.epochs, epochs.steps], [2, undefined]);
  assert.equal(draftSettings(draft('balanced', { method: 'lora' })).rank, undefined);
  for (const method of ['lora', 'full']) {
    const settings = draftSettings(draft('thorough', { method }));
    completeSettings({ ...settings, out: '/out' });
  }
  assert.ok(!('rank' in draftSettings(draft('quick', { rank: undefined }))));
});

test('few rows are passed over again, unless somebody said how often', () => {
  const steps = (one: Parameters<typeof withEnoughSteps>[0], planned: number) => {
    const settings = draftSettings(withEnoughSteps(one, planned));
    return [settings.steps, settings.epochs];
  };
  assert.deepEqual(steps(draft('balanced'), 15), [100, undefined]);
  assert.deepEqual(steps(draft('thorough'), 45), [300, undefined]);
  assert.deepEqual(steps(draft('balanced'), 101), [undefined, 1]);
  assert.deepEqual(steps(draft('balanced', { epochs: 2 }), 30), [undefined, 2]);
  assert.deepEqual(steps(draft('quick'), 50), [50, undefined]);
});

test('the Advanced step has every setting of the protocol, with a value it takes', () => {
  const keys = Object.keys(trainSettings.shape).filter((key) => !['data', 'base', 'out'].includes(key));
  assert.deepEqual(Object.keys(FIELDS).sort(), keys.sort());
  const typed = { text: 'q_proj', choice: '', switch: 'yes', whole: '3', number: '0.5', lines: 'one | two' };
  for (const [key, field] of Object.entries(FIELDS)) {
    const value = parseField(field, field.kind === 'choice' ? field.values![0]! : typed[field.kind]);
    assert.ok(trainSettings.partial().safeParse({ [key]: value }).success, `${key}: ${String(value)}`);
    for (const one of field.values ?? [])
      assert.ok(trainSettings.partial().safeParse({ [key]: one }).success, `${key}: ${one}`);
  }
});

test('what is typed and what is shown', () => {
  assert.equal(parseField(FIELDS.rank, ' 64 '), 64);
  assert.equal(parseField(FIELDS.rank, ''), undefined);
  assert.throws(() => parseField(FIELDS.rank, '1.5'), /Rank is a whole number/);
  assert.throws(() => parseField(FIELDS.lr, 'fast'), /Learning rate is a number/);
  assert.deepEqual(parseField(FIELDS.samplePrompts, 'a| b'), ['a', 'b']);
  assert.deepEqual([fieldText(true), fieldText(['a', 'b']), fieldText(0.5)], ['yes', 'a | b', '0.5']);
});

test('a plan in words', () => {
  const cost = { parameters: 1, adapterBytes: 31_000, optimizerBytes: 1, peakBytes: 1 };
  const plan = {
    trainableParameters: 1,
    adaptedLayers: 1,
    secondsPerStep: 2,
    savings: { own: { ...cost, method: 'VeRA', rank: 8 }, measured: null, lora: [] },
    data: { format: 'JSONL, text', rows: 1204, heldOutRows: 63, skipped: 1, firstSkipped: 'x', steps: 120 },
  };
  const whole = { memoryBytes: 1.2e9, warning: null, plan };
  assert.equal(costText(whole), 'about 4 min · 1.2 GB of memory · adapter of 31 kB');
  assert.equal(dataText(whole), 'JSONL, text: 1,204 rows, 63 held out, 1 wrong row left out, 120 steps');
  assert.equal(dataText({ ...whole, plan: { trainableParameters: 1, adaptedLayers: 1 } }), undefined);
  assert.deepEqual(placeOf('/a b/c.jsonl, line 12: no prompt'), { file: '/a b/c.jsonl', line: 12, fault: 'no prompt' });
  assert.equal(placeOf('nothing of the kind'), undefined);
});
