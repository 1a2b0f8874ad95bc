import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VeraError } from '../protocol/errors.ts';
import {
  checkSetting,
  checkSettings,
  defaultsOf,
  defaultText,
  flagOf,
  parseSetting,
  type Setting,
  settings,
  type ValuesOf,
} from './setting.ts';

const LIST = settings(
  { name: 'batch', label: 'Batch', help: 'Rows.', kind: 'number', whole: true, least: 1, most: 8, default: 4 },
  { name: 'lr', label: 'Rate', help: 'Rate.', kind: 'number', least: 0, most: 1, above: true, standard: 'by method' },
  { name: 'lossOn', label: 'Loss on', help: 'What.', kind: 'choice', values: [{ value: 'all', label: 'All' }] },
  { name: 'projection', label: 'Store A and B', help: 'Store.', kind: 'flag', default: false },
  { name: 'layers', label: 'Layers', help: 'Which.', kind: 'text', maxLength: 5 },
  { name: 'samplePrompts', one: 'samplePrompt', label: 'Prompts', help: 'Prompts.', kind: 'texts', most: 2 },
);
const [batch, lr, lossOn, projection, layers, prompts] = LIST;

/** What is refused names the setting by its label in the message, and by its name beside it. */
function refuses(setting: Setting, call: () => unknown, says: RegExp): void {
  assert.throws(call, (error: unknown) => {
    assert.ok(error instanceof VeraError && error.code === 'usage');
    assert.ok(error.message.startsWith(`${setting.label} must be `), error.message);
    assert.deepEqual(error.settings, [setting.name]);
    return says.test(error.message);
  });
}

test('values out of range are refused, in memory as in text', () => {
  assert.equal(checkSetting(batch, 8), 8);
  for (const wrong of [0, 9, 1.5, NaN, Infinity, '4', null])
    refuses(batch, () => checkSetting(batch, wrong), /a whole number from 1 to 8, not /);
  for (const wrong of ['', 'x', '0x2', '1e999', '2.5']) refuses(batch, () => parseSetting(batch, wrong), /whole/);
  refuses(lr, () => checkSetting(lr, 0), /a number above 0, at most 1, not 0/);
  refuses(lossOn, () => parseSetting(lossOn, 'none'), /one of all, not "none"/);
  refuses(projection, () => parseSetting(projection, 'maybe'), /yes or no/);
  refuses(layers, () => parseSetting(layers, '0-5,10'), /at most 5 characters/);
  refuses(prompts, () => parseSetting(prompts, 'a|b|c'), /at most 2 texts/);
});

test('text is read as the setting takes it', () => {
  assert.equal(parseSetting(lr, ' 4e-3 '), 0.004);
  assert.equal(parseSetting(projection, 'yes'), true);
  assert.deepEqual(parseSetting(prompts, 'a | b'), ['a', 'b']);
});

test('a list knows its defaults, flags and what it takes', () => {
  assert.deepEqual(LIST.map(flagOf), ['--batch', '--lr', '--loss-on', '--projection', '--layers', '--sample-prompt']);
  assert.deepEqual(LIST.map(defaultText), ['4', 'by method', '', 'no', '', '']);
  assert.deepEqual(defaultsOf(LIST), { batch: 4, projection: false });
  assert.throws(() => checkSettings(LIST, { batches: 2 }), /there is no setting "batches"/);
  const typed: ValuesOf<typeof LIST> = { batch: 2, projection: true, lossOn: 'all' };
  checkSettings(LIST, typed);
});
