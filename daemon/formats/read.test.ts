import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readExactly, readText, withFile } from './read.ts';

const dir = mkdtempSync(join(tmpdir(), 'read-'));
after(() => rmSync(dir, { recursive: true }));

test('a missing file, a folder, a device and a pipe are refused at once', () => {
  const refuses = (path: string, message: RegExp) =>
    assert.throws(() => withFile(path, () => 0), { name: 'VeraError', code: 'io', message });
  refuses(join(dir, 'none'), /^cannot read ".*none": there is no such file or folder \(ENOENT\)$/);
  refuses(dir, /it is a folder/);
  if (process.platform === 'win32') return;
  refuses('/dev/zero', /not a regular file/);
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  refuses(join(dir, 'pipe'), /not a regular file/);
});

test('a file that shrinks while it is read is an error, not zeros', () => {
  const file = join(dir, 'shrinks');
  writeFileSync(file, Buffer.alloc(100, 1));
  const read = () =>
    withFile(file, (fd, size) => {
      truncateSync(file, 40);
      return readExactly(fd, file, 0, size);
    });
  assert.throws(read, { code: 'format', message: /ends 60 bytes early \(at byte 40\)/ });
});

test('text is strict UTF-8 of a limited size, its byte-order mark dropped', () => {
  const file = join(dir, 'text');
  writeFileSync(file, '\ufeffgrüße');
  assert.equal(readText(file, 100), 'grüße');
  assert.throws(() => readText(file, 5), { code: 'format', message: /only 5 are allowed/ });
  writeFileSync(file, Buffer.from([0x61, 0xff]));
  assert.throws(() => readText(file, 100), { code: 'format', message: /not valid UTF-8/ });
});

test('an error inside the reading is passed on as it is', () => {
  const file = join(dir, 'plain');
  writeFileSync(file, '');
  const own = new RangeError('own');
  assert.throws(
    () =>
      withFile(file, () => {
        throw own;
      }),
    (error) => error === own,
  );
});
