import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { trainableGguf } from '../../test/fixtures/gguf/build.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { DEMO_MODEL } from '../demo/run.ts';
import { resolveBase } from '../models/resolve.ts';
import { copiesFolder } from '../weights/folder.ts';
import { deleteKept, downloadOf, filesOf } from './kept.ts';

const root = temporaryFolder();
const cache = join(root, 'cache');

test('what the cache keeps of a base is listed with its size and can be deleted; files of the person stay', async () => {
  const file = join(root, 'small.gguf');
  writeFileSync(file, trainableGguf());
  const base = { spec: file, fingerprint: 'f'.repeat(64) };
  assert.deepEqual(filesOf(base, cache).kept, [], 'nothing was converted yet');
  const { dir } = await resolveBase(file, { cache });
  const copies = join(copiesFolder(cache, base.fingerprint), 'int8');
  mkdirSync(copies, { recursive: true });
  writeFileSync(join(copies, 'w.bin'), Buffer.alloc(1000));
  const { path, bytes, kept } = filesOf(base, cache);
  assert.deepEqual([path, bytes], [file, trainableGguf().length]);
  assert.deepEqual(
    kept.map((one) => [one.what, one.path]),
    [
      ['the converted GGUF file', dir],
      ['weights in other forms', copiesFolder(cache, base.fingerprint)],
    ],
  );
  assert.equal(kept[1]!.bytes, 1000);
  assert.ok(deleteKept(kept) > 100_000);
  assert.deepEqual([existsSync(dir), existsSync(copies), existsSync(file)], [false, false, true]);
});

test('a download, also one that is not whole, and no folder above it', () => {
  const folder = join(cache, 'hub', 'me', 'small');
  cpSync(DEMO_MODEL, folder, { recursive: true });
  const { path, bytes, kept } = filesOf({ spec: 'me/small', fingerprint: 'e' }, cache);
  assert.deepEqual([path, kept.map((one) => one.path)], [folder, [folder]]);
  assert.equal(bytes, kept[0]!.bytes);
  assert.deepEqual(downloadOf('../..', cache), []);
  assert.deepEqual(downloadOf('/etc', cache), []);
  mkdirSync(join(cache, 'hub', 'me', 'part'));
  writeFileSync(join(cache, 'hub', 'me', 'part', 'model.safetensors.x.part'), Buffer.alloc(10));
  assert.deepEqual([filesOf({ spec: 'me/part', fingerprint: 'e' }, cache).path, downloadOf('me/part', cache)[0]!.bytes], [null, 10]); // prettier-ignore
});
