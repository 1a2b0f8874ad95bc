import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Setting } from '../../daemon/protocol/settings.ts';
import { description } from '../../daemon/server/handlers/settings.ts';
import { valueText } from '../../daemon/settings/setting.ts';
import { completeSettings } from '../../daemon/train/settings.ts';
import { costText, dataText, placeOf } from './cost.ts';
import { draftSettings, draftSpec, withEnoughSteps } from './draft.ts';
import { fieldsFor, labelsOf, parseField } from './fields.ts';
import { itemsOf } from './items.ts';
import type { Answer } from './planner.ts';
import { PRESETS } from './presets.ts';
import { kindNamed } from '../../daemon/jobs/kinds/registry.ts';
import type { TrainSpec } from '../../daemon/jobs/kinds/train.ts';

const described = description();
const base = { spec: '/models/small', label: 'small', description: '' };
const draft = (preset: (typeof PRESETS)[number], changes = {}) => ({
  data: '/data/rows.jsonl',
  base,
  preset,
  changes,
  activate: false,
  described,
});

test('every preset is what protocol and trainer take', () => {
  for (const preset of PRESETS) {
    const spec = kindNamed('train').spec.parse(draftSpec(draft(preset))) as TrainSpec;
    const settings = completeSettings({ ...spec.settings, out: '/out' });
    assert.equal(settings.method, 'vera');
  }
});

test('what a person sets goes over the preset', () => {
  assert.equal(draftSettings(draft('quick', { rank: 8 }))['rank'], 8);
  const epochs = draftSettings(draft('quick', { epochs: 2 }));
  assert.deepEqual([epochs['epochs'], epochs['steps']], [2, undefined]);
  assert.equal(draftSettings(draft('balanced', { method: 'lora' }))['rank'], undefined);
  for (const method of ['lora', 'full']) {
    const settings = draftSettings(draft('thorough', { method }));
    completeSettings({ ...settings, out: '/out' });
  }
  assert.ok(!('rank' in draftSettings(draft('quick', { rank: undefined }))));
});

test('a run has the name and the note that a person gave it, and the pick shows the name', () => {
  const named = { ...draft('quick'), name: 'support', note: 'For the help desk', activate: true };
  const spec = kindNamed('train').spec.parse(draftSpec(named)) as TrainSpec;
  assert.deepEqual([spec.name, spec.note, spec.activate], ['support', 'For the help desk', true]);
  const nameLine = (one: Parameters<typeof itemsOf>[0]) =>
    itemsOf(one, () => undefined).find(({ choice }) => choice?.does === 'name')?.label;
  assert.equal(nameLine(named), '$(tag) Name: support');
  assert.equal(nameLine(draft('quick')), '$(tag) Name: from the data and the method');
  assert.ok(!('name' in draftSpec(draft('quick'))));
});

test('few rows are passed over again, unless somebody said how often', () => {
  const steps = (one: Parameters<typeof withEnoughSteps>[0], estimate: number) => {
    const settings = draftSettings(withEnoughSteps(one, estimate));
    return [settings['steps'], settings['epochs']];
  };
  assert.deepEqual(steps(draft('balanced'), 15), [100, undefined]);
  assert.deepEqual(steps(draft('thorough'), 45), [300, undefined]);
  assert.deepEqual(steps(draft('balanced'), 101), [undefined, 1]);
  assert.deepEqual(steps(draft('balanced', { epochs: 2 }), 30), [undefined, 2]);
  assert.deepEqual(steps(draft('quick'), 50), [50, undefined]);
});

test('a run that is run again begins with the same settings, and the presets beside them do what they say', () => {
  const same = { method: 'lora', rank: 4, steps: 77, lr: 0.002 };
  const again = { ...draft('quick'), preset: 'same' as const, same, base: { ...base, suits: { rank: 64 } } };
  const { data: _, base: __, ...settings } = draftSettings(again);
  assert.deepEqual(settings, same);
  const lines = itemsOf(again, () => undefined).filter(({ choice }) => choice?.does === 'start');
  assert.deepEqual(
    lines.map(({ label }) => label.replace(/^\S+ /, '')),
    ['Same settings', 'Quick', 'Balanced', 'Thorough'],
  );
  const thorough = { ...again, preset: 'thorough' as const };
  const fresh = { ...draft('thorough'), base: again.base };
  assert.deepEqual(draftSettings(thorough), draftSettings(fresh));
  assert.equal(draftSettings(withEnoughSteps(thorough, 45))['steps'], 300);
  // A change goes over either, also one of how long the run is.
  assert.deepEqual([draftSettings({ ...again, changes: { epochs: 2 } })['steps']], [undefined]);
});

test('the form has every setting of a method once, and what is typed there is what the trainer takes', () => {
  const typed = (field: Setting): string => {
    if (field.kind === 'choice') return field.values[0]!.value;
    if (field.kind === 'number') return field.above ? '0.001' : String(field.least);
    return { text: 'q_proj', flag: 'yes', texts: 'one | two' }[field.kind];
  };
  for (const { name: method } of described.methods) {
    const fields = fieldsFor(described, method).flatMap(({ settings }) => settings);
    assert.equal(new Set(fields.map(({ name }) => name)).size, fields.length);
    const values = fields
      .filter(({ name }) => !['method', 'steps'].includes(name)) // epochs exclude steps
      .map((field) => [field.name, parseField(field, typed(field))] as const);
    const settings = { ...Object.fromEntries(values), method, data: '/d', base: '/b' };
    const spec = kindNamed('train').spec.parse({ kind: 'train', settings }) as TrainSpec;
    const complete = completeSettings({ ...spec.settings, out: '/out' });
    for (const [name, value] of values) assert.deepEqual(complete[name], value, name);
  }
});

test('what is typed and what is shown', () => {
  const fields = new Map(
    fieldsFor(described, 'vera').flatMap(({ settings }) => settings.map((one) => [one.name, one])),
  );
  const parse = (name: string, text: string) => parseField(fields.get(name)!, text);
  assert.equal(parse('rank', ' 64 '), 64);
  assert.equal(parse('rank', ''), undefined);
  assert.throws(() => parse('rank', '1.5'), /Rank must be a whole number from 1 to 65536, not 1.5/);
  assert.throws(() => parse('lr', 'fast'), /Learning rate must be a number above 0/);
  assert.deepEqual(parse('samplePrompts', 'a| b'), ['a', 'b']);
  assert.deepEqual([valueText(true), valueText(['a', 'b']), valueText(0.5)], ['yes', 'a | b', '0.5']);
  assert.equal(labelsOf(described).get('alpha'), 'Alpha');
});

test('a problem leads to its place: a line of the data, or a setting', () => {
  const lines = (answer: Answer) => itemsOf(draft('quick'), () => answer).filter(({ choice }) => choice !== undefined);
  const [patience] = lines({ fault: 'Patience needs held-out rows', settings: ['patience', 'heldOut'] });
  assert.deepEqual(patience?.choice, { does: 'advanced', setting: 'patience' });
  assert.match(patience?.detail ?? '', /Patience$/);
  const [row, skip] = lines({ fault: '/a/b.jsonl, line 3: no prompt', settings: ['format'] });
  assert.deepEqual([row?.choice?.does, skip?.choice?.does], ['show', 'skip']);
  assert.equal(lines({ fault: 'the base is missing', settings: ['base'] })[0]?.choice?.does, 'show');
});

test('columns that no format knows, and another encoding, are offered what helps first, and not to leave out rows', () => {
  const does = (answer: Answer) =>
    itemsOf(draft('quick'), () => answer).flatMap(({ choice }) => (choice === undefined ? [] : [choice]));
  const columns = [
    { name: 'frage', example: 'Wie?' },
    { name: 'antwort', example: 'So' },
  ];
  const likely = 'prompt=frage,completion=antwort';
  const unknown = { fault: '/a/b.csv, line 1: no row format', remedy: { do: 'mapColumns', columns, likely } } as const;
  const [set, ask, ...others] = does(unknown);
  assert.deepEqual(set, { does: 'set', setting: 'columns', value: likely });
  assert.deepEqual(ask, { does: 'columns', columns });
  assert.ok(others.every((choice) => choice.does !== 'skip'));
  const latin = { do: 'set', setting: 'encoding', value: 'windows-1252', label: 'Western European' } as const;
  const [western, other] = does({ fault: '/a/b.csv, line 2: not UTF-8', settings: ['encoding'], remedy: latin });
  assert.deepEqual(western, { does: 'set', setting: 'encoding', value: 'windows-1252' });
  assert.deepEqual(other, { does: 'advanced', setting: 'encoding' });
});

test('a plan in words', () => {
  const cost = { parameters: 1, adapterBytes: 31_000, optimizerBytes: 1, peakBytes: 1 };
  const plan = {
    trainableParameters: 1,
    adaptedLayers: 1,
    // 120 steps, each 2 s; 3 evaluations and the first; samples before and after.
    time: { base: 8, data: 1, copies: 0, evaluation: 10, evalEvery: 50, samples: 2, graphs: 1, step: 2, end: 1 },
    savings: { own: { ...cost, method: 'VeRA', rank: 8 }, measured: null, baselines: [] },
    data: { format: 'JSONL, text', rows: 1204, heldOutRows: 63, skipped: 1, firstSkipped: 'x', steps: 120 },
  };
  const whole = { memoryBytes: 1.2e9, warning: null, plan };
  assert.equal(costText(whole), 'about 5 min · 1.2 GB of memory · adapter of 31.0 kB');
  assert.equal(dataText(whole), 'JSONL, text: 1,204 rows, 63 held out, 1 wrong row left out, 120 steps');
  assert.equal(dataText({ ...whole, plan: { trainableParameters: 1, adaptedLayers: 1 } }), undefined);
  assert.deepEqual(placeOf('/a b/c.jsonl, line 12: no prompt'), { file: '/a b/c.jsonl', line: 12, fault: 'no prompt' });
  assert.equal(placeOf('nothing of the kind'), undefined);
});
