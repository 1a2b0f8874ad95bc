import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { openRows } from '../data/dataset.ts';
import { isHeldOut } from '../data/split.ts';
import type { TrainedOn } from '../train/trainedOn.ts';
import { heldOutCode } from './heldOutCode.ts';

const READ = { onBadRow: 'error' } as const;
const SHARE = 0.3;

/** A file of ten lines that no other file has. */
const content = (i: number): string =>
  Array.from({ length: 10 }, (_, line) => `const value_${i}_${line} = compute(${i}, ${line});`).join('\n');

function folderOf(count: number): string {
  const dir = join(temporaryFolder(), 'code');
  mkdirSync(dir);
  for (let i = 0; i < count; i++) writeFileSync(join(dir, `file${i}.ts`), content(i));
  return dir;
}

/** What a run on this folder trains on, by the names of files. */
async function trained(data: string): Promise<{ on: TrainedOn; names: Set<string>; heldOut: Set<string> }> {
  const { reader, train, heldOut } = await openRows(data, { ...READ, heldOut: SHARE });
  const nameOf = (i: number): string => String(reader.read(i)['path']);
  const on = { data, dataset: reader.hash, heldOut: SHARE, ...READ };
  return { on, names: new Set(Array.from(train, nameOf)), heldOut: new Set(Array.from(heldOut, nameOf)) };
}

test('nothing that an adapter was trained on is measured: only the files that its run held out', async () => {
  const data = folderOf(40);
  const { on, names, heldOut } = await trained(data);
  const { files, leftOut, notes, isKnown } = await heldOutCode(data, READ, [{ name: 'notes', trainedOn: on }]);
  assert.deepEqual(new Set(files.map(({ name }) => name)), heldOut);
  assert.equal(leftOut, names.size);
  assert.deepEqual(notes, []);
  const [known] = [...names];
  assert.equal(isKnown(`  ${content(Number(/\d+/.exec(known!)![0])).split('\n')[0]!}`), true);
  assert.equal(isKnown('something that stands nowhere at all'), false);
});

test('a copy of a trained file with a few changes is left out, also in another folder', async () => {
  const data = folderOf(40);
  const { on, names } = await trained(data);
  const [known] = [...names];
  const other = temporaryFolder();
  writeFileSync(join(other, 'copy.ts'), `${content(Number(/\d+/.exec(known!)![0]))}\nconst more = 1;\n`);
  writeFileSync(join(other, 'new.ts'), content(1000));
  const { files, leftOut } = await heldOutCode(other, READ, [{ name: 'notes', trainedOn: on }]);
  assert.deepEqual([files.map(({ name }) => name), leftOut], [['new.ts'], 1]);
});

test('if the data has changed, only contents are used that the run would have held out, and it says so', async () => {
  const data = folderOf(40);
  const { on } = await trained(data);
  appendFileSync(join(data, 'file0.ts'), '\nconst added = true;\n');
  const { reader } = await openRows(data, { ...READ, heldOut: SHARE });
  const expected = Array.from({ length: reader.count }, (_, i) => i).filter((i) => isHeldOut(reader.key(i), SHARE));
  const { files, notes } = await heldOutCode(data, READ, [{ name: 'notes', trainedOn: on }]);
  assert.deepEqual(
    files.map(({ name }) => name),
    expected.map((i) => reader.read(i)['path']),
  );
  assert.match(notes.join(), /data of notes has changed since/);
  rmSync(data, { recursive: true });
  const elsewhere = await heldOutCode(folderOf(40), READ, [{ name: 'notes', trainedOn: on }]);
  assert.match(elsewhere.notes.join(), /cannot be read any more/);
});

test('an adapter of unknown data is measured with a warning; several adapters leave out what any of them knows', async () => {
  const data = folderOf(40);
  const { on, heldOut } = await trained(data);
  const both = [
    { name: 'notes', trainedOn: on },
    { name: 'imported', trainedOn: undefined },
  ];
  const { files, notes } = await heldOutCode(data, READ, both);
  assert.equal(files.length, heldOut.size);
  assert.match(notes.join(), /imported does not say what it was trained on/);
});

test('a folder without code, rows of conversations, and a folder of trained files alone are errors that say why', async () => {
  await assert.rejects(heldOutCode(temporaryFolder(), READ, []), { code: 'data', message: /without source files/ });
  const chat = join(temporaryFolder(), 'chat.jsonl');
  writeFileSync(chat, '{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]}\n');
  await assert.rejects(heldOutCode(chat, READ, []), { code: 'data', message: /chat messages.*give a folder of code/ });
  const data = folderOf(4);
  const { reader } = await openRows(data, { ...READ, heldOut: 0 });
  const on = { data, dataset: reader.hash, heldOut: 0, ...READ };
  await assert.rejects(heldOutCode(data, READ, [{ name: 'notes', trainedOn: on }]), {
    code: 'data',
    message: /an adapter was trained on each of its 4 files.*larger Held-out share/,
  });
});
