import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeFileAtomic, writeFolderAtomic, writeStreamAtomic } from './atomic.ts';

const dir = mkdtempSync(join(tmpdir(), 'atomic-'));
after(() => rmSync(dir, { recursive: true }));
const posix = { skip: process.platform === 'win32' };
const module = pathToFileURL(join(import.meta.dirname, 'atomic.ts')).href;
let count = 0;
const folder = () => {
  const path = join(dir, String(count++));
  mkdirSync(path);
  return path;
};

test('a file is made with its folders, replaced whole, and keeps its permissions', posix, () => {
  const file = join(folder(), 'a', 'b', 'file');
  writeFileAtomic(file, 'one');
  assert.equal(readFileSync(file, 'utf8'), 'one');
  chmodSync(file, 0o600);
  writeFileAtomic(file, new Uint8Array([1, 2, 3]));
  assert.deepEqual([...readFileSync(file)], [1, 2, 3]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(file, '..')), ['file']);
});

test('a write that fails leaves the old file and no temporary one', () => {
  const here = folder();
  const file = join(here, 'file');
  writeFileAtomic(file, 'old');
  const write = () =>
    writeStreamAtomic(file, () => {
      throw new Error('half way');
    });
  assert.throws(write, /half way/);
  assert.equal(readFileSync(file, 'utf8'), 'old');
  assert.deepEqual(readdirSync(here), ['file']);
});

test('a name that is a folder, and a parent that is a file, are one clear line', () => {
  const here = folder();
  mkdirSync(join(here, 'taken'));
  writeFileSync(join(here, 'file'), '');
  assert.throws(() => writeFileAtomic(join(here, 'taken'), 'x'), {
    name: 'VeraError',
    code: 'io',
    message: /^cannot write ".*taken": /,
  });
  assert.throws(() => writeFileAtomic(join(here, 'file', 'x'), 'x'), {
    name: 'VeraError',
    code: 'io',
    message: /EEXIST|ENOTDIR/,
  });
  assert.deepEqual(readdirSync(here).sort(), ['file', 'taken']);
});

test('a file-size limit of the system stops the write with its reason and leaves the old file', posix, () => {
  const here = folder();
  const file = join(here, 'file');
  writeFileAtomic(file, 'old');
  // The shell ignores the signal so that the write itself fails, as it does on a full disk.
  const script = `import { writeFileAtomic } from '${module}';
    try { writeFileAtomic(process.argv[1], Buffer.alloc(1 << 20)); } catch (error) { console.log(error.code + ' ' + error.message); }`;
  const { stdout } = spawnSync(
    'sh',
    ['-c', `trap '' XFSZ; ulimit -f 16; exec "$0" --input-type=module -e "$1" "$2"`, process.execPath, script, file],
    { encoding: 'utf8' },
  );
  assert.match(stdout, /^io cannot write ".*file": .*EFBIG/);
  assert.equal(readFileSync(file, 'utf8'), 'old');
  assert.deepEqual(readdirSync(here), ['file']);
});

test('a folder appears whole; one that is not empty, a file and a link are refused untouched', async () => {
  const here = folder();
  const target = join(here, 'out');
  await writeFolderAtomic(target, (temporary) => {
    assert.ok(!existsSync(target));
    mkdirSync(join(temporary, 'deep'));
    writeFileSync(join(temporary, 'deep', 'file'), 'x');
  });
  assert.equal(readFileSync(join(target, 'deep', 'file'), 'utf8'), 'x');
  const nothing = () => assert.fail('must not be called');
  await assert.rejects(writeFolderAtomic(target, nothing), {
    name: 'VeraError',
    code: 'usage',
    message: /exists and is not empty; choose another/,
  });
  writeFileSync(join(here, 'file'), '');
  await assert.rejects(writeFolderAtomic(join(here, 'file'), nothing), { code: 'usage', message: /not a folder/ });
  symlinkSync(target, join(here, 'link'));
  await assert.rejects(writeFolderAtomic(join(here, 'link'), nothing), { code: 'usage' });
  mkdirSync(join(here, 'empty'));
  await writeFolderAtomic(join(here, 'empty'), (temporary) => writeFileSync(join(temporary, 'a'), ''));
  assert.deepEqual(readdirSync(here).sort(), ['empty', 'file', 'link', 'out']);
});

test('a fill that fails, or a folder that fills up meanwhile, leaves nothing of ours', async () => {
  const here = folder();
  const target = join(here, 'out');
  const failing = writeFolderAtomic(target, async (temporary) => {
    writeFileSync(join(temporary, 'a'), 'x');
    await Promise.reject(new Error('half way'));
  });
  await assert.rejects(failing, /half way/);
  assert.deepEqual(readdirSync(here), []);
  const raced = writeFolderAtomic(target, () => {
    mkdirSync(target);
    writeFileSync(join(target, 'theirs'), 'theirs');
  });
  await assert.rejects(raced, { code: 'usage' });
  assert.deepEqual(readdirSync(here), ['out']);
  assert.deepEqual(readdirSync(target), ['theirs']);
});

test('a process killed half way leaves the old file, and the next write clears what it left', posix, async () => {
  const here = folder();
  const file = join(here, 'file');
  writeFileAtomic(file, 'old');
  const script = `import { writeStreamAtomic, writeFully } from '${module}';
    writeStreamAtomic(process.argv[1], (fd) => { writeFully(fd, Buffer.from('half')); console.log('ready'); for (;;); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, file]);
  await once(child.stdout, 'data');
  writeFileAtomic(file, 'while the other writes');
  assert.equal(readdirSync(here).length, 2, 'the temporary file of a living process stays');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(readFileSync(file, 'utf8'), 'while the other writes');
  writeFileAtomic(file, 'new');
  assert.deepEqual(readdirSync(here), ['file']);
  assert.equal(readFileSync(file, 'utf8'), 'new');
});
