import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowFormats } from '../../data/formats/registry.ts';
import { EXPORT_FORMATS } from '../../export/formats/registry.ts';
import { METHODS } from '../../methods/registry.ts';
import { description as schema } from '../../protocol/settings.ts';
import { settingsOfRun } from '../../train/settings.ts';
import { WEIGHT_FORMATS } from '../../weights/registry.ts';
import { description } from './settings.ts';

test('a form is told of every setting, method and format, as the protocol has it', () => {
  const told = schema.parse(description());
  assert.deepEqual(told, description(), 'the schema leaves nothing out');
  const common = told.groups.flatMap(({ settings }) => settings);
  for (const method of METHODS) {
    const own = told.methods.find(({ name }) => name === method.name)!.settings;
    const names = [...common, ...own].map(({ name }) => name).sort();
    const wanted = settingsOfRun(method.name).map(({ name }) => name);
    assert.deepEqual(names, wanted.sort());
  }
  const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name);
  assert.deepEqual(names(told.rowFormats), names(rowFormats));
  assert.deepEqual(names(told.weightFormats), names(WEIGHT_FORMATS));
  assert.deepEqual(names(told.exportFormats), names(EXPORT_FORMATS));
  assert.ok(told.evaluate.some(({ name }) => name === 'length'));
  assert.ok(told.objectives.length > 0);
});
