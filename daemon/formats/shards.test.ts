import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFloats } from './float.ts';
import { readFloats, writeSafetensors } from './safetensors.ts';
import { openTensors } from './shards.ts';

const root = mkdtempSync(join(tmpdir(), 'shards-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
const folder = () => {
  const path = join(root, String(count++));
  mkdirSync(path);
  return path;
};
const one = (name: string, value: number) => ({
  name,
  dtype: 'F32' as const,
  shape: [1],
  bytes: () => encodeFloats('F32', new Float32Array([value])),
});
const index = (dir: string, map: unknown) =>
  writeFileSync(
    join(dir, 'model.safetensors.index.json'),
    JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }),
  );
const sharded = () => {
  const dir = folder();
  writeSafetensors(join(dir, 'model-00001-of-00002.safetensors'), [one('a', 1), one('b', 2)]);
  writeSafetensors(join(dir, 'model-00002-of-00002.safetensors'), [one('c', 3)]);
  return dir;
};
const refuses = (dir: string, message: RegExp, code = 'format') =>
  assert.throws(() => openTensors(dir), { name: 'VeraError', code, message });

test('a single file, also beside an index', () => {
  const dir = folder();
  writeSafetensors(join(dir, 'model.safetensors'), [one('a', 1)]);
  index(dir, { z: 'gone.safetensors' });
  assert.deepEqual([...openTensors(dir).keys()], ['a']);
});

test('shards, each tensor from the file that the index names', () => {
  const dir = sharded();
  index(dir, {
    c: 'model-00002-of-00002.safetensors',
    a: 'model-00001-of-00002.safetensors',
    b: 'model-00001-of-00002.safetensors',
  });
  const tensors = openTensors(dir);
  assert.deepEqual(
    [...tensors].map(([name, entry]) => [name, readFloats(entry)[0]]),
    [
      ['c', 3],
      ['a', 1],
      ['b', 2],
    ],
  );
});

test('an index cannot lead out of the folder', () => {
  const dir = sharded();
  const outside = join(root, 'outside.safetensors');
  writeSafetensors(outside, [one('a', 1)]);
  for (const name of [
    '../outside.safetensors',
    outside,
    'x/../../outside.safetensors',
    '..\\outside.safetensors',
    'file://' + outside,
    'a\0b',
    '',
    '..',
  ]) {
    index(dir, { a: name });
    refuses(dir, /is not allowed/);
  }
  symlinkSync('../outside.safetensors', join(dir, 'link.safetensors'));
  index(dir, { a: 'link.safetensors' });
  refuses(dir, /points outside its folder/);
  const alone = folder();
  symlinkSync('../outside.safetensors', join(alone, 'model.safetensors'));
  refuses(alone, /points outside its folder/);
});

test('an index that is wrong: missing shard, missing tensor, no map, not strings, duplicates, not JSON, too many', () => {
  const dir = sharded();
  index(dir, { a: 'model-00003-of-00002.safetensors' });
  refuses(
    dir,
    /"model-00003-of-00002\.safetensors" of its 1 files of weights is missing; download the model again/,
    'model',
  );
  index(dir, { c: 'model-00001-of-00002.safetensors' });
  refuses(dir, /tensor "c" is not in "model-00001-of-00002.safetensors"/);
  for (const map of [undefined, [], 'x', 3]) {
    index(dir, map);
    refuses(dir, /weight_map is missing/);
  }
  index(dir, { a: { file: 'x' } });
  refuses(dir, /the shard of tensor "a" is not a file name/);
  writeFileSync(join(dir, 'model.safetensors.index.json'), '{"weight_map":{"a":"x","a":"y"}}');
  refuses(dir, /"a" appears twice/);
  writeFileSync(join(dir, 'model.safetensors.index.json'), '{"weight_map":');
  refuses(dir, /not valid JSON/);
  index(dir, Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`t${i}`, `s${i}`])));
  refuses(dir, /10001 shards, but only 10000/);
});

test('no weights: the message says what is there instead', () => {
  const dir = folder();
  refuses(dir, /has no weights: expected model.safetensors/, 'model');
  writeFileSync(join(dir, 'weights.gguf'), 'GGUF');
  refuses(dir, /GGUF file, give/, 'model');
  writeFileSync(join(dir, 'pytorch_model.bin'), '\x80\x02}q\x00.', 'latin1');
  refuses(dir, /pytorch_model.bin" is a Python pickle: .*safe_serialization/);
  refuses(join(root, 'nowhere'), /no such file/, 'io');
  const pickled = folder();
  writeFileSync(join(pickled, 'model.safetensors'), 'PK\x03\x04\0\0\x08\x08archive/data.pkl', 'latin1');
  refuses(pickled, /zip archive, as PyTorch writes its pickles/);
  const adapter = folder();
  writeSafetensors(join(adapter, 'adapter_model.safetensors'), [one('a', 1)]);
  refuses(adapter, /is an adapter/, 'model');
});

test('a folder that was not downloaded whole: what is missing, and what was left', () => {
  const dir = folder();
  const names = [1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`);
  writeSafetensors(join(dir, names[0]!), [one('a', 1)]);
  refuses(dir, /has 1 files of weights, but no model\.safetensors\.index\.json; download that file too/, 'model');
  index(dir, { a: names[0], b: names[1], c: names[2] });
  refuses(
    dir,
    /"model-00002-of-00003\.safetensors", "model-00003-of-00003\.safetensors" of its 3 .* are missing; /,
    'model',
  );
  const download = join(dir, '.cache', 'huggingface', 'download');
  mkdirSync(download, { recursive: true });
  writeFileSync(join(download, 'abc=.incomplete'), '');
  refuses(dir, /a download is not finished: "abc=\.incomplete"/, 'model');

  const snapshot = join(folder(), 'snapshots', 'main');
  mkdirSync(snapshot, { recursive: true });
  symlinkSync('../../blobs/gone', join(snapshot, 'model.safetensors'));
  refuses(snapshot, /model\.safetensors" is a link to a file that is not there; download the model again/, 'model');

  const pointer = folder();
  writeFileSync(join(pointer, 'model.safetensors.index.json'), 'version https://git-lfs.github.com/spec/v1\n');
  refuses(pointer, /is a Git LFS pointer, not the file itself: run "git lfs pull"/);
  const other = folder();
  writeSafetensors(join(other, 'consolidated.safetensors'), [one('a', 1)]);
  refuses(other, /has no model\.safetensors, but "consolidated\.safetensors"/, 'model');
});
