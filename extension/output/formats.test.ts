import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPORT_FORMATS } from '../../daemon/export/formats/registry.ts';
import { folderName, lineOf, sizeText, specOf } from './formats.ts';

test('the size of a format', () => {
  assert.equal(sizeText({ bytes: 15_500, atMost: false }), 'about 15.5 kB');
  assert.equal(sizeText({ bytes: 4e6, atMost: true }), 'at most 4.0 MB');
  assert.equal(sizeText({ bytes: null, atMost: false }), '');
});

test('the job that writes a format', () => {
  assert.deepEqual(specOf({ job: 'export', name: 'peft' }, 3, '/out', { projection: false }), {
    kind: 'export',
    adapter: 3,
    format: 'peft',
    options: { projection: false },
    out: '/out',
  });
  assert.deepEqual(specOf({ job: 'merge', name: 'merge' }, 3, '/out', {}), { kind: 'merge', adapter: 3, out: '/out' });
  assert.equal(folderName('notes / two', { name: 'peft' }), 'notes-two-peft');
});

test('command lines hold paths of any name', () => {
  for (const format of EXPORT_FORMATS) {
    for (const use of format.uses("/a b/it's; rm -rf $HOME", '/base')) {
      const line = lineOf(use, 'vera');
      assert.doesNotMatch(line.replace(/'(?:[^']|'\\'')*'/g, ''), /[;$]/, line);
    }
  }
  const merge = EXPORT_FORMATS.find(({ name }) => name === 'merge')!.uses('/out', '/base')[0]!;
  assert.match(lineOf(merge, 'vera'), /^vera generate --base \/out --prompt Hello$/);
});
