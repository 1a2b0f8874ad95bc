import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { temporaryFolder } from '../../../test/temporary.ts';
import { openRows } from '../dataset.ts';
import { isNoDataset } from './names.ts';
import { splitOf } from './splits.ts';

const base = temporaryFolder();
function folder(name: string, files: Record<string, string | Uint8Array>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(base, name, path)), { recursive: true });
    writeFileSync(join(base, name, path), content);
  }
  return join(base, name);
}

const lines = (...texts: string[]): string => texts.map((text) => JSON.stringify({ text })).join('\n');
const parquet = (...texts: string[]): Uint8Array =>
  new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'text', data: texts, type: 'STRING' }] }));
const CARD = '---\nlicense: mit\nconfigs:\n- config_name: default\n---\n# About\n\nNot to be learned.\n';

async function read(dir: string, heldOut = 0.01) {
  const rows = await openRows(dir, { onBadRow: 'error', heldOut });
  const texts = (which: Uint32Array) =>
    [...which].map((i) => (rows.reader.read(i)['text'] ?? rows.reader.read(i)['content']) as string);
  const found = { name: rows.reader.name, note: rows.reader.note ?? '', train: texts(rows.train), heldOut: texts(rows.heldOut) }; // prettier-ignore
  rows.reader.close();
  return found;
}

test('a dataset folder of the hub: its shards are read, its splits are kept apart, its card is not learned', async () => {
  const dir = folder('hub', {
    'README.md': CARD,
    '.gitattributes': 'x',
    'loader.py': 'print(1)',
    'data/train-00000-of-00002.parquet': parquet('a', 'b'),
    'data/train-00001-of-00002.parquet': parquet('c'),
    'data/validation-00000-of-00001.parquet': parquet('v'),
    'data/test-00000-of-00001.parquet': parquet('t', 'u'),
  });
  const found = await read(dir);
  assert.deepEqual([found.train, found.heldOut], [['a', 'b', 'c'], ['v']]);
  assert.equal(found.name, 'Parquet in 3 files');
  assert.match(found.note, /^read from data\/train-00000.*; held out: data\/validation.*; not used: data\/test/);
  assert.deepEqual((await read(dir, 0)).heldOut, []);
  // A measurement takes the test split, whole.
  assert.deepEqual((await read(dir, 1)).heldOut, ['t', 'u']);
});

test('files side by side, folders of splits, compressed shards, and parts without a split', async () => {
  const flat = await read(folder('flat', { 'README.md': '# x', 'train.jsonl': lines('a', 'b'), 'dev.jsonl': lines('d') }));
  assert.deepEqual([flat.train, flat.heldOut], [['a', 'b'], ['d']]);
  const nested = await read(folder('nested', { 'train/0000.jsonl': lines('a'), 'test/0000.csv': 'text\nt\n' }));
  assert.deepEqual([nested.train, nested.heldOut], [['a'], ['t']]);
  const parts = await read(folder('parts', { 'part-1.jsonl': lines('a'), 'part-2.jsonl': lines('b'), 'LICENSE.txt': 'x' }), 0);
  assert.deepEqual(parts.train, ['a', 'b']);
  const twice = await read(folder('twice', { 'x.csv': 'text\na\n', 'x.jsonl': lines('a') }), 0);
  assert.deepEqual(twice.train, ['a']);
}); // prettier-ignore

test('several datasets in one folder, and Arrow, are refused with what to do', async () => {
  const several = folder('several', { 'en/train.jsonl': lines('a'), 'fr/train.jsonl': lines('b') });
  await assert.rejects(read(several), /has several datasets \(en, fr\); choose one of these folders/);
  assert.deepEqual((await read(join(several, 'fr'), 0)).train, ['b']);
  const arrow = folder('arrow', {
    'dataset_dict.json': '{"splits": ["train"]}',
    'train/state.json': '{}',
    'train/dataset_info.json': '{}',
    'train/data-00000-of-00001.arrow': Uint8Array.of(255, 255, 255, 255),
  });
  await assert.rejects(read(arrow), /save_to_disk wrote as Arrow .*load_from_disk\(FOLDER\)\.to_parquet/);
});

test('a folder with source files stays a folder of code, and a folder of notes is text', async () => {
  const code = await read(folder('code', { 'a.py': 'x = 1\n', 'data/train.jsonl': lines('a'), 'README.md': '# x' }), 0);
  assert.equal(code.name, 'folder of code');
  const notes = await read(folder('notes', { 'a.md': '# One', 'b.md': 'Two' }), 0);
  assert.deepEqual([notes.name, notes.train], ['folder of text', ['# One', 'Two']]);
});

test('names: splits by the rule of the hub; settings, licences and lists of packages are no datasets', () => {
  const names = ['train', 'my-train-00000-of-00002', 'test_v2', 'dev', 'constrain', 'latest', 'data'];
  assert.deepEqual(names.map(splitOf), ['train', 'train', 'test', 'validation', undefined, undefined, undefined]);
  for (const name of ['package.json', 'tsconfig.build.json', 'LICENSE.txt', 'requirements-dev.txt', 'generation_config.json', '.eslintrc.json'])
    assert.ok(isNoDataset(name), name);
  for (const name of ['alpaca_data.json', 'train.jsonl', 'notes.txt', 'package.jsonl', 'packages.json', 'identity.json'])
    assert.ok(!isNoDataset(name), name);
}); // prettier-ignore
