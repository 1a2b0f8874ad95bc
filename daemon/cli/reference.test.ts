import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { isPath, number, ownerOf, reference, trashed, userOf } from './reference.ts';

const dir = temporaryFolder();

test('digits are a number, all else a name', () => {
  assert.deepEqual(['7', 'seven', '7a', '-7', '1.5'].map(reference), [7, 'seven', '7a', '-7', '1.5']);
  for (const wrong of ['0', '99999999999999999999']) assert.throws(() => reference(wrong), { code: 'usage' });
  for (const wrong of ['x', '', '-1', '1e3']) assert.throws(() => number(wrong), { code: 'usage' });
});

test('a project is a name, a number, or a folder by where it really lies', () => {
  assert.deepEqual(['a/b', '.', '..', 'C:\\x', 'notes', 'a.b'].map(isPath), [true, true, true, true, false, false]);
  mkdirSync(join(dir, 'real'));
  symlinkSync(join(dir, 'real'), join(dir, 'link'));
  assert.deepEqual(ownerOf(join(dir, 'link')), { workspace: realpathSync(join(dir, 'real')) });
  assert.deepEqual([ownerOf('notes'), ownerOf('3'), ownerOf(undefined)], [{ project: 'notes' }, { project: 3 }, {}]);
  assert.throws(() => ownerOf(join(dir, 'none')), { code: 'usage' });
  assert.deepEqual([userOf('me'), userOf(undefined)], [{ user: 'me' }, {}]);
});

test('something in the trash is found by its name where there is one of it', async () => {
  const rows = ['a', 'b', 'b', 'c'].map((name, i) => ({ id: i + 1, name }));
  const list = ({ name }: { name: string }) => Promise.resolve({ items: rows.filter((row) => row.name === name) });
  assert.equal(await trashed('adapter', 'c', list), 4);
  assert.equal(await trashed('adapter', '9', list), 9);
  await assert.rejects(trashed('adapter', 'b', list), { code: 'usage', message: /by its number: 2, 3/ });
  await assert.rejects(trashed('adapter', 'd', list), { code: 'missing', message: /no adapter "d" in the trash/ });
});
