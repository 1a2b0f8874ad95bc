import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdapterRow } from '../../daemon/protocol/adapters.ts';
import { checkText, formatsOf, sizeText, usesOf } from './formats.ts';

const adapter = { method: 'vera', bytes: 10_000 } as AdapterRow;
const files = { bytes: 14_000, fullBytes: 900_000 };

test('every form says its size and what it loses', () => {
  const formats = formatsOf(adapter, files, 1e6);
  assert.deepEqual(
    formats.map(({ id }) => id),
    ['peft', 'peftWhole', 'safetensors', 'merge'],
  );
  assert.deepEqual(formats.map(sizeText), ['about 15.5 kB', 'about 902 kB', 'about 15.5 kB', 'at most 4.0 MB']);
  for (const { loses } of formats) assert.ok(loses.length > 10);
  assert.deepEqual(formatsOf({ ...adapter, method: 'lora' }, files, null).map(sizeText), [
    'about 15.5 kB',
    'about 15.5 kB',
    '',
  ]);
});

test('command lines hold paths of any name', () => {
  for (const format of ['peft', 'peftWhole', 'safetensors', 'merge'] as const) {
    for (const { line } of usesOf(format, "/a b/it's; rm -rf $HOME", '/base', 'vera'))
      assert.doesNotMatch(line.replace(/'(?:[^']|'\\'')*'/g, ''), /[;$]/, line);
  }
  assert.match(usesOf('merge', '/out', '/base', 'vera')[0]!.line, /^vera generate --base \/out --prompt 'Hello'$/);
});

test('the figure of the check', () => {
  assert.match(checkText(0.00012), /at most 1\.2e-4/);
  assert.equal(checkText(undefined), '');
});
