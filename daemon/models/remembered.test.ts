import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { remember, remembered } from './remembered.ts';

const dir = mkdtempSync(join(tmpdir(), 'remembered-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('a hash is found again; a damaged file or entry is as if there were none', () => {
  const file = join(dir, 'index.json');
  assert.equal(remembered(file, 'a'), undefined);
  remember(file, 'a', '12ef');
  remember(file, 'b', '34');
  assert.deepEqual([remembered(file, 'a'), remembered(file, 'b')], ['12ef', '34']);
  for (const damaged of ['{', '[]', 'null', '{"a": 5}', '{"a": "../x"}']) {
    writeFileSync(file, damaged);
    assert.equal(remembered(file, 'a'), undefined, damaged);
  }
  remember(file, 'a', '56');
  assert.equal(remembered(file, 'a'), '56');
});
