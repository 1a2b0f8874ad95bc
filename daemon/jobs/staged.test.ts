import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { VeraError } from '../protocol/errors.ts';
import { clearStaged, writeStaged } from './staged.ts';

const root = temporaryFolder();
let count = 0;
/** A job's folder and where it writes. */
function place(): { folder: string; out: string; dir: string } {
  const dir = join(root, String(++count));
  const folder = join(dir, 'jobs', '7');
  mkdirSync(folder, { recursive: true });
  return { dir, folder, out: join(dir, 'out') };
}
const fill = (text: string) => (staging: string) => {
  mkdirSync(staging);
  writeFileSync(join(staging, 'file'), text);
  return Promise.resolve({ text });
};
const never = (): Promise<never> => assert.fail('it was written again');

test('after a crash before the rename, the next attempt only renames; after a later crash, it does nothing', async () => {
  const { dir, folder, out } = place();
  assert.deepEqual(await writeStaged(out, folder, fill('one')), { text: 'one' });
  assert.deepEqual(readdirSync(dir).sort(), ['jobs', 'out']);
  assert.deepEqual(await writeStaged(out, folder, never), { text: 'one' });
  renameSync(out, join(dir, '.out.job-7')); // as it stood before the rename
  assert.deepEqual(await writeStaged(out, folder, never), { text: 'one' });
  assert.equal(readFileSync(join(out, 'file'), 'utf8'), 'one');
});

test("another program's folder is refused, before and after the work; an empty folder is used", async () => {
  const { dir, folder, out } = place();
  const refused = (error: unknown): boolean =>
    error instanceof VeraError && error.code === 'usage' && /exists and is not empty/.test(error.message);
  mkdirSync(out);
  await writeStaged(out, folder, fill('one'));
  const other = join(dir, 'other');
  await assert.rejects(writeStaged(out, join(dir, 'jobs', '8'), never), refused);
  mkdirSync(join(dir, 'jobs', '9'));
  const late = writeStaged(other, join(dir, 'jobs', '9'), async (staging) => {
    const result = await fill('two')(staging);
    mkdirSync(other);
    writeFileSync(join(other, 'mine'), '');
    return result;
  });
  await assert.rejects(late, refused);
  assert.deepEqual(readdirSync(other), ['mine']);
  clearStaged(other, join(dir, 'jobs', '9'));
  assert.deepEqual(readdirSync(dir).sort(), ['jobs', 'other', 'out']);
});

test('an attempt removes the unfinished folder of the one before', async () => {
  const { dir, folder, out } = place();
  mkdirSync(join(dir, '.out.job-7'));
  mkdirSync(join(dir, '..out.job-7.123.abcdef01.tmp'));
  mkdirSync(join(dir, '.out.job-77'));
  assert.deepEqual(await writeStaged(out, folder, fill('one')), { text: 'one' });
  assert.deepEqual(readdirSync(dir).sort(), ['.out.job-77', 'jobs', 'out']);
  assert.ok(existsSync(join(out, 'file')));
});
