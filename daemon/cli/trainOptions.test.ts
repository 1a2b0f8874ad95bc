import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { METHODS } from '../methods/registry.ts';
import { methodSettings } from '../methods/settings.ts';
import { flagOf, type Setting, type SettingValue } from '../settings/setting.ts';
import { completeSettings, GROUPS } from '../train/settings.ts';
import { givenSettings } from './settingOptions.ts';
import { addTrainOptions, trainSettings } from './trainOptions.ts';

const parsed = (...args: string[]): Record<string, unknown> =>
  addTrainOptions(new Command().exitOverride()).parse(args, { from: 'user' }).opts();

/** What a person would type for a setting, and the value it stands for: never the default. */
function typed(setting: Setting): [text: string, value: SettingValue] {
  switch (setting.kind) {
    case 'number': {
      const { least, most, whole = false, default: standard } = setting;
      const fits = (one: number): boolean => one > least && one <= most && one !== standard;
      const value = (whole ? [least + 1, least + 2] : [least + 0.5, most]).find(fits)!;
      return [String(value), value];
    }
    case 'choice': {
      const { value } = setting.values.find((one) => one.value !== setting.default)!;
      return [value, value];
    }
    case 'flag':
      return ['', true];
    case 'text':
      return ['0', '0'];
    case 'texts':
      return ['a, b', ['a, b']];
  }
}

test('every flag reaches the settings of the run', () => {
  for (const method of METHODS) {
    for (const setting of [...GROUPS.flatMap(({ settings }) => settings), ...methodSettings(method)]) {
      if (setting.name === 'method') continue;
      const [text, value] = typed(setting);
      const options = parsed('--method', method.name, flagOf(setting), ...(setting.kind === 'flag' ? [] : [text]));
      const given = givenSettings(trainSettings(), options);
      assert.deepEqual(given[setting.name], value, flagOf(setting));
      // What a method trains on may exclude a weight format.
      if (setting.name === 'precision' && method.weightFormats !== undefined) continue;
      const run = completeSettings({ data: 'd', base: 'b', out: 'o', ...given });
      assert.deepEqual(run[setting.name], value, setting.name);
    }
  }
});

test('a switch can be turned off, texts are collected, numbers are checked as they are read', () => {
  assert.equal(parsed('--projection', '--no-projection')['projection'], false);
  assert.deepEqual(parsed('--sample-prompt', 'a|b', '--sample-prompt', 'c')['samplePrompt'], ['a|b', 'c']);
  assert.throws(() => parsed('--batch', '1.5'), { code: 'usage', settings: ['batch'] });
  assert.deepEqual(givenSettings(trainSettings(), parsed()), {});
});

test('help says of every setting what it takes and what stands where it is left out', () => {
  const help = addTrainOptions(new Command()).helpInformation().replaceAll(/\s+/g, ' ');
  for (const { label } of GROUPS) assert.ok(help.includes(`${label}:`), label);
  for (const setting of trainSettings()) assert.ok(help.includes(`${flagOf(setting)} `), setting.name);
  assert.match(help, /--rank <n> .*\(1 to 65536; default: 256 for VeRA, 16 for LoRA\)/);
  assert.match(help, /--alpha <x> [^(]*\(LoRA only; default: the rank\)/);
});
