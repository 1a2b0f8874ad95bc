import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containedFile } from './contain.ts';

const root = mkdtempSync(join(tmpdir(), 'contain-'));
after(() => rmSync(root, { recursive: true }));
const dir = join(root, 'model');
mkdirSync(join(dir, 'sub'), { recursive: true });
writeFileSync(join(dir, 'inside'), '');
writeFileSync(join(dir, 'sub', 'deep'), '');
writeFileSync(join(root, 'secret'), '');
mkdirSync(join(root, 'model-too'));
writeFileSync(join(root, 'model-too', 'x'), '');

test('files inside, in a sub-folder, and links that stay inside are given', () => {
  symlinkSync('sub/deep', join(dir, 'link-in'));
  symlinkSync(dir, join(root, 'link-to-dir'));
  for (const name of ['inside', 'sub/deep', 'link-in']) assert.equal(containedFile(dir, name), join(dir, name));
  assert.equal(containedFile(join(root, 'link-to-dir'), 'inside'), join(root, 'link-to-dir', 'inside'));
});

test('names that leave the folder, or could on some system, are refused', () => {
  // prettier-ignore
  for (const name of [
    '', '.', '..', '../secret', 'sub/../../secret', 'sub/../inside', './inside', '/etc/passwd', join(root, 'secret'), '..\\secret',
    'C:\\secret', 'C:secret', 'file:///etc/passwd', 'inside\0.safetensors', 'sub//deep', 'sub/', '\\\\host\\share\\x', 'inside:stream',
  ]) {
    assert.throws(() => containedFile(dir, name), { name: 'VeraError', code: 'format', message: /is not allowed/ }, name);
  }
});

test('links that lead out are refused, of a file, of a folder, and to a sibling with the same beginning', () => {
  symlinkSync(join(root, 'secret'), join(dir, 'out'));
  symlinkSync('..', join(dir, 'up'));
  symlinkSync('../model-too/x', join(dir, 'sibling'));
  for (const name of ['out', 'up/secret', 'sibling']) {
    assert.throws(() => containedFile(dir, name), { code: 'format', message: /points outside its folder/ }, name);
  }
});

test('missing, dangling, circular and 10,000 characters long are one line each', () => {
  symlinkSync('nowhere', join(dir, 'dangling'));
  symlinkSync('circle', join(dir, 'circle'));
  for (const name of ['missing', 'dangling', 'circle', 'x'.repeat(10_000)]) {
    assert.throws(
      () => containedFile(dir, name),
      { name: 'VeraError', code: 'io', message: /^cannot read [^\n]{1,400}$/ },
      name,
    );
  }
});

test('a snapshot of the Hugging Face cache may link into its blobs and nowhere else', () => {
  const repository = join(root, 'models--a--b');
  const snapshot = join(repository, 'snapshots', 'c0ffee');
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(join(repository, 'blobs'));
  writeFileSync(join(repository, 'blobs', 'abc'), '');
  symlinkSync('../../blobs/abc', join(snapshot, 'model.safetensors'));
  symlinkSync('../../../secret', join(snapshot, 'bad'));
  assert.equal(containedFile(snapshot, 'model.safetensors'), join(snapshot, 'model.safetensors'));
  assert.throws(() => containedFile(snapshot, 'bad'), { code: 'format' });
  // The same links elsewhere lead out.
  symlinkSync(join(repository, 'blobs', 'abc'), join(dir, 'to-blob'));
  assert.throws(() => containedFile(dir, 'to-blob'), { code: 'format' });
});
