import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refuseForeign } from './foreign.ts';

const dir = mkdtempSync(join(tmpdir(), 'foreign-'));
after(() => rmSync(dir, { recursive: true }));

const write = (bytes: Uint8Array | string) => {
  const file = join(dir, 'model.safetensors'); // the name says safetensors: the content decides
  writeFileSync(file, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return file;
};
const refuses = (bytes: Uint8Array | string, message: RegExp) =>
  assert.throws(() => refuseForeign(write(bytes)), { name: 'VeraError', code: 'format', message });

const tar = Buffer.alloc(1024);
tar.write('pickle', 0);
tar.write('ustar\0', 257);

test('pickles are refused by content, with what to convert to', () => {
  for (const [what, bytes] of [
    ['protocol 2, legacy torch.save', '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.'],
    ['protocol 4', '\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.'],
    ['protocol 5', '\x80\x05}q\x00.'],
    ['two bytes', '\x80\x02'],
    ['protocol 0 global', 'cos\nsystem\n(S"id"\ntR.'],
    ['protocol 0 dict', '(dp0\nS"a"\np1\nI1\ns.'],
    ['zip of torch.save', 'PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00archive/data.pkl'],
    ['tar of torch.save', tar],
  ] as const) {
    assert.throws(
      () => refuseForeign(write(bytes)),
      { message: /pickle can run any code.*safe_serialization=True/ },
      what,
    );
  }
});

test('other well-known files are named', () => {
  refuses('GGUF\x03\0\0\0', /is a GGUF file: pass/);
  refuses('version https://git-lfs.github.com/spec/v1\noid sha256:00\n', /Git LFS pointer.*git lfs pull/);
  refuses('\n<!DOCTYPE html><html>', /is a web page/);
  refuses('\x89HDF\r\n\x1a\n', /HDF5/);
});

test('a safetensors length that spells the start of a pickle or zip is not taken for one', () => {
  refuseForeign(write('\x80\x02\0\0\0\0\0\0{'));
  refuseForeign(write('PK\x03\x04\0\0\0\0{'));
  refuseForeign(write(''));
  refuseForeign(write('\x10\0\0\0'));
});
