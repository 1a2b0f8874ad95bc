import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parquetWriteFile } from 'hyparquet-writer';
import { CHATML, tinyTokenizer } from '../../test/fixtures/tokenizer/build.ts';
import { batches, type Batch } from './batch.ts';
import { openDataset, type Dataset, type DatasetOptions } from './dataset.ts';
import type { Example } from './example.ts';
import { loadTokenizer } from './tokenizer.ts';

const dir = mkdtempSync(join(tmpdir(), 'datasets-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const tokenizer = loadTokenizer(tinyTokenizer());
const chatTokenizer = loadTokenizer(tinyTokenizer({ chatTemplate: CHATML }));
const defaults: DatasetOptions = { tokenizer, length: 64, lossOn: 'answer', onBadRow: 'error', heldOut: 0, fimRate: 0 };

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

const jsonl = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n');

async function collect(stream: AsyncIterable<Example>): Promise<Example[]> {
  const out: Example[] = [];
  for await (const example of stream) out.push(example);
  return out;
}

async function texts(dataset: Dataset): Promise<string[]> {
  return (await collect(dataset.train(1, 0))).map(({ ids }) => tokenizer.decode([...ids])).sort();
}

const refused = async (path: string, message: RegExp, options: Partial<DatasetOptions> = {}): Promise<void> => {
  await assert.rejects(openDataset(path, { ...defaults, ...options }), (error: Error) => {
    assert.equal(error.name, 'VeraError');
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n'), 'one line');
    assert.ok(error.message.length < 1000, 'not the whole row');
    return true;
  });
};

test('JSONL, CSV, TSV, Parquet and text give the same rows', async () => {
  const rows = ['the fox, quick', 'a "lazy" dog', 'naïve 日本'];
  const csv = rows.map((row) => `"${row.replaceAll('"', '""')}"`).join('\r\n');
  const parquet = join(dir, 'rows.parquet');
  parquetWriteFile({ filename: parquet, columnData: [{ name: 'text', data: rows, type: 'STRING' }] });
  const files = [
    [file('rows.jsonl', `\uFEFF${jsonl(rows.map((text) => ({ text })))}\r\n\r\n`), 'JSONL, plain text'],
    [file('rows.csv', `\uFEFFtext\n${csv}`), 'CSV, plain text'],
    [file('rows.tsv', `text\n${rows.join('\n')}\n`), 'TSV, plain text'],
    [parquet, 'Parquet, plain text'],
    [file('rows.txt', rows.join('\n')), 'text, a row per line, plain text'],
  ] as const;
  for (const [path, format] of files) {
    const dataset = await openDataset(path, defaults);
    assert.equal(dataset.format, format);
    assert.deepEqual(await texts(dataset), [...rows].sort(), path);
    dataset.close();
  }
});

test('text with blank lines gives one row per paragraph', async () => {
  const dataset = await openDataset(file('book.txt', '\n\none\ntwo\n\n\nthree\r\n \nfour'), defaults);
  assert.deepEqual(await texts(dataset), ['four', 'one\ntwo', 'three']);
  const [first] = await collect(
    (await openDataset(file('b.txt', '\n\na b\n\nc'), { ...defaults, heldOut: 1 })).heldOut(),
  );
  assert.equal(first!.source.line, 3);
});

test('Parquet keeps nested lists, and rows of several groups', async () => {
  const messages = [
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: 'world' },
  ];
  const path = join(dir, 'chat.parquet');
  const data = Array.from({ length: 50 }, () => messages);
  parquetWriteFile({ filename: path, columnData: [{ name: 'messages', data, type: 'JSON' }], rowGroupSize: 20 });
  const dataset = await openDataset(path, { ...defaults, tokenizer: chatTokenizer });
  assert.equal(dataset.format, 'Parquet, chat messages');
  assert.equal(dataset.rows, 50);
  assert.equal((await collect(dataset.train(1, 0))).length, 50);
  await refused(file('broken.parquet', 'PAR1 nothing of the kind PAR1'), /broken\.parquet cannot be read as Parquet/);
});

test('the order depends on seed and epoch, and start skips rows', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({ text: `row ${i} ${'x '.repeat(i)}` }));
  const dataset = await openDataset(file('order.jsonl', jsonl(rows)), { ...defaults, length: 16 });
  const lines = (examples: Example[]) => examples.map(({ source }) => source.line);
  const first = await collect(dataset.train(7, 0));
  assert.deepEqual(await collect(dataset.train(7, 0)), first);
  assert.notDeepEqual(lines(await collect(dataset.train(7, 1))), lines(first));
  assert.notDeepEqual(lines(await collect(dataset.train(8, 0))), lines(first));
  const from = await collect(dataset.train(7, 0, 25));
  assert.deepEqual(
    from,
    first.filter(({ row }) => row! >= 25),
  );
  assert.deepEqual(
    [...new Set(lines(first))].sort((a, b) => a! - b!),
    Array.from({ length: 60 }, (_, i) => i + 1),
  );
});

test('a run over real rows resumes after any batch', async () => {
  const rows = Array.from({ length: 120 }, (_, i) => ({
    content: `def f${i}():\n${'    return None\n'.repeat(i % 17)}`,
  }));
  const options = { ...defaults, tokenizer: loadTokenizer(tinyTokenizer({ fim: true })), length: 32, fimRate: 0.5 };
  const dataset = await openDataset(file('code.jsonl', jsonl(rows)), options);
  const shape = { rows: 2, length: 32, packing: 'pack' as const };
  const whole: Batch[] = [];
  for await (const batch of batches(dataset.train(3, 1), shape)) whole.push(batch);
  assert.ok(whole.length > 40);
  for (const at of [0, 5, 15, 16, 31, whole.length - 1]) {
    const { resume } = whole[at]!;
    const rest: Batch[] = [];
    for await (const batch of batches(dataset.train(3, 1, resume.row), { ...shape, resume })) rest.push(batch);
    assert.deepEqual(rest, whole.slice(at + 1));
  }
});

test('rows are held out by content, stay held out when others are added, and are never fill-in-the-middle', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ text: `row number ${i}` }));
  const options = { ...defaults, heldOut: 0.2 };
  const small = await openDataset(file('small.jsonl', jsonl(rows.slice(0, 100))), options);
  const large = await openDataset(file('large.jsonl', `${jsonl(rows.reverse())}\n`), options);
  const held = async (dataset: Dataset) =>
    new Set((await collect(dataset.heldOut())).map(({ ids }) => tokenizer.decode([...ids])));
  const [before, now] = [await held(small), await held(large)];
  assert.ok(before.size > 5 && before.size < 40);
  assert.equal(small.rows + small.heldOutRows, 100);
  for (const text of before) assert.ok(now.has(text));
  for (const text of now) if (Number(text.split(' ')[2]) < 100) assert.ok(before.has(text));
  assert.notEqual(small.hash, large.hash);
});

test('rows that are too long are cut off and counted, rows without an answer are dropped and counted', async () => {
  const long = 'the quick brown fox '.repeat(30);
  const rows = [
    { prompt: 'hello', completion: 'world' },
    { prompt: 'hello', completion: long },
    { prompt: long, completion: 'never seen' },
  ];
  const dataset = await openDataset(file('long.jsonl', jsonl(rows)), defaults);
  for (const pass of [0, 1]) {
    assert.equal((await collect(dataset.train(1, pass))).length, 2);
    assert.deepEqual([dataset.cut, dataset.dropped], [2, 1]);
  }
  assert.match(
    dataset.description,
    /3 rows for training, 0 held out; 1 row dropped, because the first 64 tokens hold nothing of the answer; 1 row cut off at 64 tokens; a Row length of 192 keeps all of them whole$/,
  );
  const hopeless = await openDataset(file('hopeless.jsonl', jsonl(rows.slice(2))), defaults);
  await assert.rejects(collect(hopeless.train(1, 0)), /the model can learn nothing.*choose a larger Row length/);
});

test('the same rows at another length are what a dataset of that length has', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({ prompt: `question ${i}`, completion: 'word '.repeat(i + 1) }));
  const path = file('lengths.jsonl', jsonl([...rows, { prompt: 1 }]));
  const options = { ...defaults, onBadRow: 'skip', heldOut: 0.2 } as const;
  const long = await openDataset(path, { ...options, length: 64 });
  const short = long.ofLength(16);
  const opened = await openDataset(path, { ...options, length: 16 });
  for (const [one, other] of [
    [long, await openDataset(path, { ...options, length: 64 })],
    [short, opened],
  ] as const) {
    assert.deepEqual(await collect(one.train(1, 0)), await collect(other.train(1, 0)));
    assert.deepEqual(await collect(one.heldOut()), await collect(other.heldOut()));
    assert.deepEqual([one.cut, one.skipped, one.description], [other.cut, other.skipped, other.description]);
  }
  assert.notEqual(short.cut, long.cut);
});

test('a bad row is reported with file, line and error, or skipped and counted', async () => {
  const good = JSON.stringify({ text: 'fine' });
  const deep = `{"text": "x", "more": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  const bad: [string | Uint8Array, RegExp][] = [
    ['{"text": "x"', /line 3: not valid JSON/],
    ['["text"]', /line 3: a row must be a JSON object, but this one is a list/],
    ['null', /line 3: a row must be a JSON object/],
    [deep, /line 3: JSON is nested deeper than 64 levels/],
    ['{"text": 5}', /line 3: "text" must be a string, found a number/],
    ['{"words": "x"}', /line 3: "text" must be a string, found nothing/],
    ['{"prompt": "x", "completion": "y"}', /line 3: mixed formats: this row is prompt and completion/],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22]), /line 3: not UTF-8 \(byte 0xff at position 2\)/],
    [`{"text": "${'x'.repeat(17 * 1024 * 1024)}"}`, /line 3: the row is longer than the limit of 16 MiB/],
  ];
  for (const [row, message] of bad) {
    const path = file(
      'bad.jsonl',
      Buffer.concat([`${good}\n\n`, row, `\n${good}\n`].map((part) => Buffer.from(part as string))),
    );
    await refused(path, new RegExp(`bad\\.jsonl, ${message.source}`));
    const dataset = await openDataset(path, { ...defaults, onBadRow: 'skip' });
    assert.equal(dataset.rows, 2);
    assert.equal(dataset.skipped.count, 1);
    assert.match(dataset.skipped.first!, message);
    assert.match(dataset.description, /1 skipped, the first: /);
    assert.equal((await collect(dataset.train(1, 0))).length, 2);
    dataset.close();
  }
});

test('a bad first row can be skipped, but a file of bad rows is refused', async () => {
  const path = file('first.jsonl', '{oops\n{"text": "fine"}');
  await refused(path, /line 1: not valid JSON/);
  assert.equal((await openDataset(path, { ...defaults, onBadRow: 'skip' })).rows, 1);
  await refused(file('none.jsonl', '{oops\n[1]'), /no row of a known format; the first error/, { onBadRow: 'skip' });
});

test('CSV: missing columns, rows of other lengths, open quotes, repeated columns', async () => {
  await refused(
    file('c1.csv', 'a,b\n1,2\n'),
    /line 1: no row format has these columns \(a, b\); say which .*The formats are: .*prompt, completion/,
  );
  await refused(
    file('c2.csv', 'prompt,completion\nq,a\nq\n'),
    /c2\.csv, line 3: the header names 2 columns, but this row has 1 field$/,
  );
  await refused(file('c3.csv', 'text\nok\n"never closed\nmore\n'), /c3\.csv, line 3: the quote .* is never closed/);
  await refused(file('c4.csv', 'text,text\na,b\n'), /line 1: the column "text" appears twice/);
  await refused(file('c5.csv', 'text\n'), /is empty: it has no rows/);
  await refused(file('c6.csv', Buffer.from([0x74, 0xff, 0x0a, 0x61])), /line 1: not UTF-8/);
  const rows = 'id,text\n1,"two\nlines"\n2,5" disk\n3,"a ""b"""\n';
  const dataset = await openDataset(file('c7.csv', rows), defaults);
  assert.deepEqual(await texts(dataset), ['5" disk', 'a "b"', 'two\nlines']);
  const lines = (await collect(dataset.train(1, 0))).map(({ source }) => source.line).sort();
  assert.deepEqual(lines, [2, 4, 5]);
});

test('something that is not a dataset is refused, and the message says what would be one', async () => {
  await refused(join(dir, 'nowhere.jsonl'), /does not exist/);
  await refused(file('empty.jsonl', ''), /is empty/);
  await refused(file('blank.jsonl', '\n \r\n\t\n'), /is empty/);
  await refused(file('words.docx', 'x'), /words\.docx: files with this ending cannot be read; use \.jsonl/);
  const folder = join(dir, 'folder');
  mkdirSync(folder);
  writeFileSync(join(folder, 'data.jsonl'), '{}');
  await refused(folder, /data\.jsonl, line 1: no row format has these columns \(none\)/);
  await refused(
    file('x.jsonl', '{"text": "x"}'),
    /the row format "nope" does not exist; choose one of preference, chat, /,
    {
      format: 'nope',
    },
  );
});

test('devices and pipes are refused without reading', { skip: process.platform === 'win32' }, async () => {
  await refused('/dev/zero', /is a device, a pipe or a socket/);
  const pipe = join(dir, 'pipe.jsonl');
  execFileSync('mkfifo', [pipe]);
  await refused(pipe, /is a device, a pipe or a socket/);
});

test('a file that changes while it is in use is noticed', async () => {
  // More than is read ahead at once, or the old content would still be at hand.
  const rows = Array.from({ length: 50 }, (_, i) => ({ text: `row ${i}`, notes: 'x'.repeat(20_000) }));
  const path = file('moving.jsonl', `${jsonl(rows)}\n`);
  const open = () => openDataset(path, defaults);

  const grown = await open();
  appendFileSync(path, '{"text": "later"}\n{oops');
  assert.equal((await collect(grown.train(1, 0))).length, 50);

  writeFileSync(path, `${jsonl(rows)}\n`);
  const edited = await open();
  writeFileSync(path, `${jsonl(rows).replace('row 17', 'ROW 17')}\n`);
  await assert.rejects(
    collect(edited.train(1, 0)),
    /moving\.jsonl, line 18: this row changed while the file was in use/,
  );

  writeFileSync(path, `${jsonl(rows)}\n`);
  const shrunk = await open();
  truncateSync(path, 100);
  await assert.rejects(collect(shrunk.train(1, 0)), /became shorter while it was in use/);

  writeFileSync(path, `${jsonl(rows)}\n`);
  const gone = await open();
  rmSync(path);
  // The open file outlives its name.
  if (process.platform !== 'win32') assert.equal((await collect(gone.train(1, 0))).length, 50);
});

test('a large file is checked while it is read, and memory does not grow with it', async () => {
  const path = join(dir, 'large.jsonl');
  const notes = 'the quick brown fox '.repeat(600);
  writeFileSync(path, '');
  for (let i = 0; i < 15; i++) {
    const block = jsonl(Array.from({ length: 400 }, (_, k) => ({ text: `row ${i} ${k}`, notes })));
    appendFileSync(path, `${i === 12 ? '{oops\n' : ''}${block}\n`);
  }
  const began = process.memoryUsage().rss;
  const dataset = await openDataset(path, { ...defaults, onBadRow: 'skip', heldOut: 0.05 });
  assert.ok(process.memoryUsage().rss - began < 60 * 1024 * 1024);
  assert.equal(dataset.rows + dataset.heldOutRows, 6001);
  assert.equal(dataset.skipped.count, 0);
  const read = (await collect(dataset.train(1, 0))).length + (await collect(dataset.heldOut())).length;
  assert.deepEqual([read, dataset.skipped.count], [6000, 1]);
  dataset.close();
  const strict = await openDataset(path, defaults);
  await assert.rejects(async () => {
    for await (const example of strict.train(1, 0)) assert.ok(example.ids.length > 0);
  }, /large\.jsonl, line 4801: not valid JSON/);
  strict.close();
});

test('only the first rows can be used', async () => {
  const dataset = await openDataset(
    file('many.jsonl', jsonl(Array.from({ length: 30 }, (_, i) => ({ text: `row ${i}` })))),
    {
      ...defaults,
      maxExamples: 10,
    },
  );
  assert.equal(dataset.rows, 10);
});

test('what a person should know before training: rows left out, fields not used, rows too long, and nothing held out', async () => {
  const rows = [
    { prompt: 'hello', completion: 'world', mood: 'calm' },
    { prompt: 'hello', completion: 'moon', label: false },
    { prompt: 'hello', completion: 'sun', label: false },
    { prompt: 'hello', completion: 'the quick brown fox '.repeat(30) },
  ];
  const dataset = await openDataset(file('notes.jsonl', jsonl(rows)), { ...defaults, maxLength: 72 });
  assert.deepEqual([dataset.rows, dataset.leftOut], [2, 2]);
  dataset.survey();
  assert.deepEqual(dataset.notes, [
    '2 rows left out because "label" is false',
    'the field "mood" is not used',
    '1 row cut off at 64 tokens',
    'a Row length of 72 keeps more (the base model reads 72 tokens at once)',
  ]);
  const one = await openDataset(file('one.jsonl', jsonl(rows.slice(0, 1))), { ...defaults, heldOut: 0.1 });
  assert.match(one.notes.join(), /there is only one row.*no row is held out/);
  await refused(
    file('out.jsonl', jsonl(rows.slice(1, 3))),
    /has no row that can be used; 2 left out because "label" is false/,
  );
  const short = await openDataset(file('short.jsonl', jsonl([{ text: 'a' }])), defaults);
  await assert.rejects(collect(short.train(1, 0)), /each is shorter than two tokens/);
});
